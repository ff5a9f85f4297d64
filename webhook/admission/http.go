package admission

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

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
	body := bodies.Get().(*bytes.Buffer)
	defer func() {
		if body.Cap() <= keptBody {
			body.Reset()
			bodies.Put(body)
		}
	}()
	var req admission.Request
	is := version
	status, err := readBody(r, body)
	if err == nil {
		req, is, err = readReview(body.Bytes())
	}
	var resp admission.Response
	if err != nil {
		log.Log.WithName("admission").Error(err, "a review that cannot be answered", "uid", req.UID)
		resp = admission.Errored(status, err)
	} else {
		resp = h.handle(r.Context(), req)
	}
	e := jx.GetEncoder()
	defer jx.PutEncoder(e)
	writeReview(e, is, string(req.UID), &resp)
	w.Header()["Content-Type"] = contentType
	_, _ = w.Write(e.Bytes()) // whoever asked has gone
}

// bodies are used again. What is read of a review is copied, but for the objects: they are not kept beyond its answer.
var bodies = sync.Pool{New: func() any { return &bytes.Buffer{} }}

// keptBody is for most reviews; the few that are larger are read into memory of their own.
const keptBody = 64 << 10

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

// readBody reads the body, or says what is wrong with it and the status that this is.
func readBody(r *http.Request, into *bytes.Buffer) (status int32, err error) {
	if is := r.Header.Get("Content-Type"); is != contentType[0] {
		return http.StatusBadRequest, fmt.Errorf("contentType=%s, expected %s", is, contentType[0])
	}
	if r.ContentLength > 0 {
		into.Grow(int(min(r.ContentLength, maxReview)) + bytes.MinRead)
	}
	n, err := into.ReadFrom(io.LimitReader(r.Body, maxReview+1))
	switch {
	case err != nil:
		return http.StatusBadRequest, fmt.Errorf("the review cannot be read: %w", err)
	case n == 0:
		return http.StatusBadRequest, errors.New("request body is empty")
	case n > maxReview:
		return http.StatusRequestEntityTooLarge, fmt.Errorf("request entity is too large; limit is %d bytes", maxReview)
	}
	return http.StatusBadRequest, nil
}

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
