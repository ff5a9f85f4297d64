package provider

import (
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/knative-provider/terraform-provider-knative/internal/fields"
)

// What the CRDs' schemas take as a span, as a moment, as a moment on a clock that is named elsewhere, and as a URL.
var (
	spanForm        = regexp.MustCompile(`^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$`)
	momentForm      = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$`)
	localMomentForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$`)
	urlForm         = regexp.MustCompile(`^https?://.+`)
)

// metadataOf are the labels and annotations of an object, by what it is called in their descriptions.
func metadataOf(what string) fields.Field {
	return fields.Field{Key: "metadata", Kind: fields.Object, Fields: []fields.Field{
		{Name: "labels", Key: "labels", Kind: fields.Map, Elem: &fields.Field{}, Doc: "Labels of the " + what + ". Labels that others set are left alone."},
		{Name: "annotations", Key: "annotations", Kind: fields.Map, Elem: &fields.Field{}, Doc: "Annotations of the " + what + ". Annotations that others set are left alone."},
	}}
}

// wholeSpan is a field for hours, minutes and seconds.
func wholeSpan(name, key, doc string) fields.Field {
	return fields.Field{Name: name, Key: key, Kind: fields.Duration, Doc: doc, Validators: []validator.String{
		stringvalidator.LengthAtLeast(1), // the form alone takes it
		stringvalidator.RegexMatches(spanForm, "write hours, minutes and seconds in this order, each a whole number, such as 90s, 5m or 1h30m"),
	}}
}

func moment(name, doc string) fields.Field {
	return fields.Field{Name: name, Key: name, Doc: doc, Validators: []validator.String{
		stringvalidator.RegexMatches(momentForm, "write a date and a time with its offset from UTC, such as 2026-12-24T18:00:00+08:00"),
	}}
}

func localMoment(name, doc string) fields.Field {
	return fields.Field{Name: name, Key: name, Required: true, Doc: doc, Validators: []validator.String{
		stringvalidator.RegexMatches(localMomentForm, "write a date and a time without seconds and offset, such as 2026-11-11T00:00"),
	}}
}

func atMost(n int) []validator.String { return []validator.String{stringvalidator.LengthAtMost(n)} }

func ofLength(least, most int) []validator.String {
	return []validator.String{stringvalidator.LengthBetween(least, most)}
}

func oneOf(values ...string) []validator.String {
	return []validator.String{stringvalidator.OneOf(values...)}
}

func between(least, most int64) []validator.Int64 {
	return []validator.Int64{int64validator.Between(least, most)}
}

func atMostItems(n int) []validator.List { return []validator.List{listvalidator.SizeAtMost(n)} }
