package admission

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/go-faster/jx"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission/metrics"
)

// maxReview is what a review may be at most: two objects of 3 MB, and what is around them.
const maxReview = 7 << 20

// ServeHTTP answers one review over HTTP, as controller-runtime's own admission.Webhook does for any handler: whatever is wrong is
// said in a review, with status 200, for of anything else the API server shows no more than the status. It is there because that
// one decodes, logs and encodes for longer than a decision takes.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var req admission.Request
	is := version
	body, status, err := readBody(r)
	if err == nil {
		req, is, err = readReview(body)
	}
	var resp admission.Response
	if err != nil {
		log.Log.WithName("admission").Error(err, "a review that cannot be answered", "uid", req.UID)
		resp = admission.Errored(int32(status), err)
	} else {
		resp = h.handle(r.Context(), req)
	}
	e := jx.GetEncoder()
	defer jx.PutEncoder(e)
	writeReview(e, is, string(req.UID), &resp)
	w.Header()["Content-Type"] = contentType
	_, _ = w.Write(e.Bytes()) // whoever asked has gone
}

var contentType = []string{"application/json"}

// handle answers also where a rule panics: the API server then does what the webhook's failurePolicy says.
func (h *Handler) handle(ctx context.Context, req admission.Request) (resp admission.Response) {
	defer func() {
		if p := recover(); p != nil {
			metrics.WebhookPanics.WithLabelValues().Inc()
			for _, handle := range utilruntime.PanicHandlers {
				handle(ctx, p)
			}
			resp = admission.Errored(http.StatusInternalServerError, fmt.Errorf("panic: %v [recovered]", p))
		}
	}()
	return h.Handle(ctx, req)
}

func readBody(r *http.Request) (body []byte, status int, err error) {
	if r.Body == nil || r.ContentLength == 0 {
		return nil, http.StatusBadRequest, errors.New("request body is empty")
	}
	if r.ContentLength > maxReview {
		return nil, http.StatusRequestEntityTooLarge, errTooLarge
	}
	if is := r.Header.Get("Content-Type"); is != contentType[0] {
		return nil, http.StatusBadRequest, fmt.Errorf("contentType=%s, expected %s", is, contentType[0])
	}
	if r.ContentLength > 0 {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, body)
	} else if body, err = io.ReadAll(io.LimitReader(r.Body, maxReview+1)); err == nil && len(body) > maxReview {
		return nil, http.StatusRequestEntityTooLarge, errTooLarge
	}
	return body, http.StatusBadRequest, err
}

var errTooLarge = fmt.Errorf("request entity is too large; limit is %d bytes", maxReview)

// writeReview writes the answer's AdmissionReview. Validation has no patches.
func writeReview(e *jx.Encoder, version, uid string, resp *admission.Response) {
	e.ObjStart()
	field(e, "kind", "AdmissionReview")
	field(e, "apiVersion", version)
	e.FieldStart("response")
	e.ObjStart()
	field(e, "uid", uid)
	e.FieldStart("allowed")
	e.Bool(resp.Allowed)
	if result := resp.Result; result != nil {
		e.FieldStart("status")
		e.ObjStart()
		field(e, "message", result.Message)
		field(e, "reason", string(result.Reason))
		e.FieldStart("code")
		e.Int(int(result.Code))
		e.ObjEnd()
	}
	if len(resp.AuditAnnotations) > 0 {
		e.FieldStart("auditAnnotations")
		e.ObjStart()
		for key, value := range resp.AuditAnnotations {
			field(e, key, value)
		}
		e.ObjEnd()
	}
	if len(resp.Warnings) > 0 {
		e.FieldStart("warnings")
		e.ArrStart()
		for _, warning := range resp.Warnings {
			e.Str(warning)
		}
		e.ArrEnd()
	}
	e.ObjEnd()
	e.ObjEnd()
}

// field leaves out what is empty.
func field(e *jx.Encoder, name, value string) {
	if value != "" {
		e.FieldStart(name)
		e.Str(value)
	}
}
