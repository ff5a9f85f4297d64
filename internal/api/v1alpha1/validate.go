package v1alpha1

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/knative-provider/terraform-provider-knative/internal/schedule"
)

// Validate finds what the CRD's schema cannot: selectors, schedules and time zones that mean nothing. It repeats what the schema
// does check and a decision relies on, for whoever has only the values: Terraform at plan.
func (s *RolloutPolicySpec) Validate() field.ErrorList {
	spec := field.NewPath("spec")
	var errs field.ErrorList
	if _, err := metav1.LabelSelectorAsSelector(&s.Selector); err != nil {
		errs = append(errs, field.Invalid(spec.Child("selector"), s.Selector, err.Error()))
	}
	switch s.Enforcement {
	case "", Enforce, Warn, Audit:
	default:
		errs = append(errs, field.NotSupported(spec.Child("enforcement"), s.Enforcement, []Enforcement{Enforce, Warn, Audit}))
	}
	if p := s.MaxStepPercent; p != nil && (*p < 1 || *p > 100) {
		errs = append(errs, field.Invalid(spec.Child("maxStepPercent"), *p, "a step is 1 to 100 percent; for no step at all, freeze"))
	}
	errs = append(errs, notNegative(spec.Child("minStepInterval"), s.MinStepInterval)...)
	errs = append(errs, notNegative(spec.Child("bakeTime"), s.BakeTime)...)
	names := map[string]bool{}
	for i, w := range s.Freeze {
		path := spec.Child("freeze").Index(i)
		if names[w.Name] {
			errs = append(errs, field.Duplicate(path.Child("name"), w.Name))
		}
		names[w.Name] = true
		errs = append(errs, w.validate(path)...)
	}
	return errs
}

func notNegative(path *field.Path, d *metav1.Duration) field.ErrorList {
	if d == nil || d.Duration >= 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(path, d.Duration.String(), "a duration cannot be negative")}
}

// validate holds a window to one of its two forms:
//
//	schedule   duration   timeZone   from   to
//	yes        yes        may        –      –     comes back
//	–          –          –          yes    yes   once; to is later than from
func (w *FreezeWindow) validate(path *field.Path) field.ErrorList {
	switch {
	case w.Name == "":
		return field.ErrorList{field.Required(path.Child("name"), "a freeze has a name, which its denials give")}
	case (w.Schedule == "") == (w.From == nil):
		return field.ErrorList{field.Invalid(path, w.Name, "a window has either a schedule with a duration, or from and to")}
	case w.Schedule != "":
		return w.validateSchedule(path)
	case w.Duration != nil || w.TimeZone != "":
		return field.ErrorList{field.Forbidden(path, "duration and timeZone belong to a schedule; from and to name their offset themselves")}
	case w.To == nil:
		return field.ErrorList{field.Required(path.Child("to"), "a window with from has to as well")}
	case !w.From.Before(w.To):
		return field.ErrorList{field.Invalid(path.Child("to"), w.To.Format(time.RFC3339), "to must be later than from, "+w.From.Format(time.RFC3339))}
	}
	return nil
}

func (w *FreezeWindow) validateSchedule(path *field.Path) field.ErrorList {
	if w.To != nil {
		return field.ErrorList{field.Forbidden(path.Child("to"), "a schedule has a duration instead")}
	}
	if w.Duration == nil {
		return field.ErrorList{field.Required(path.Child("duration"), "a schedule says when a window starts; say how long it lasts, such as 62h")}
	}
	if d := w.Duration.Duration; d < time.Minute || d > maxFreeze {
		return field.ErrorList{field.Invalid(path.Child("duration"), d.String(), fmt.Sprintf("it can be from 1m to %s", maxFreeze))}
	}
	var errs field.ErrorList
	_, problems := schedule.Compile([]schedule.Window{w.Window()})
	for _, p := range problems {
		at, value := path.Child("schedule"), w.Schedule
		if strings.HasSuffix(p.Path, ".timeZone") {
			at, value = path.Child("timeZone"), w.TimeZone
		}
		errs = append(errs, field.Invalid(at, value, p.Observed+" "+p.Allowed+" "+p.WayOut))
	}
	return errs
}

// maxFreeze keeps a freeze from never ending by mistake.
const maxFreeze = 366 * 24 * time.Hour

// Window is a freeze that comes back, as package schedule has it.
func (w *FreezeWindow) Window() schedule.Window {
	return schedule.Window{Name: w.Name, Start: w.Schedule, Duration: w.Duration.Duration, TimeZone: w.TimeZone}
}
