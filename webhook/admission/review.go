package admission

import (
	"errors"
	"fmt"

	"github.com/go-faster/jx"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// version is what reviews are answered in, where they cannot be read; older API servers' v1beta1 is the same but for its name.
const version = "admission.k8s.io/v1"

// readReview reads a review as far as decisions go by it, and the version to answer it in. Its objects are parts of the body: what
// reads them, reads them once.
func readReview(body []byte) (req admission.Request, is string, err error) {
	var kind string
	asked := false
	err = read(body, func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "kind":
			return text(d, &kind)
		case "apiVersion":
			return text(d, &is)
		case "request":
			asked = d.Next() == jx.Object
			return members(d, func(d *jx.Decoder, key []byte) error { return readRequest(d, key, &req.AdmissionRequest) })
		}
		return d.Skip()
	})
	switch {
	case err != nil:
		return req, version, fmt.Errorf("the review cannot be read: %w", err)
	case kind != "AdmissionReview" || is != version && is != "admission.k8s.io/v1beta1":
		return req, version, fmt.Errorf("a review of kind %q and version %q is not known: the guard answers AdmissionReviews of %s", kind, is, version)
	case !asked:
		return req, version, errors.New("the review has no request")
	}
	return req, is, nil
}

func readRequest(d *jx.Decoder, key []byte, into *admissionv1.AdmissionRequest) error {
	switch string(key) {
	case "uid":
		return text(d, &into.UID)
	case "kind":
		return members(d, func(d *jx.Decoder, key []byte) error {
			return one(d, key, "kind", &into.Kind.Kind)
		})
	case "resource":
		return members(d, func(d *jx.Decoder, key []byte) error {
			return one(d, key, "resource", &into.Resource.Resource)
		})
	case "subResource":
		return text(d, &into.SubResource)
	case "name":
		return text(d, &into.Name)
	case "namespace":
		return text(d, &into.Namespace)
	case "operation":
		return text(d, &into.Operation)
	case "userInfo":
		return members(d, func(d *jx.Decoder, key []byte) error { return readUser(d, key, &into.UserInfo) })
	case "object":
		return raw(d, &into.Object.Raw)
	case "oldObject":
		return raw(d, &into.OldObject.Raw)
	case "dryRun":
		into.DryRun = new(bool)
		return flag(d, into.DryRun)
	}
	return d.Skip()
}

func readUser(d *jx.Decoder, key []byte, into *authenticationv1.UserInfo) error {
	switch string(key) {
	case "username":
		return text(d, &into.Username)
	case "uid":
		return text(d, &into.UID)
	case "groups":
		return texts(d, &into.Groups)
	case "extra":
		return members(d, func(d *jx.Decoder, key []byte) error {
			if into.Extra == nil {
				into.Extra = map[string]authenticationv1.ExtraValue{}
			}
			name, values := string(key), []string(nil)
			err := texts(d, &values)
			into.Extra[name] = values
			return err
		})
	}
	return d.Skip()
}
