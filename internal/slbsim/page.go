package slbsim

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// pages are for people and for test harnesses in another process. They are not part of any API, and ask for no key.
//
//	GET    /_sim/            a page that shows the state
//	GET    /_sim/state       []Resource
//	GET    /_sim/endpoint    host:port of the listener ?id=…&port=…
//	GET    /_sim/calls       []wire.Entry; DELETE empties the record
//	GET    /_sim/faults      []wire.Fault; PUT replaces them
//	POST   /_sim/jobs/free   lets stuck jobs go on
//	PUT    /_sim/interfaces  an Interface (ENI); DELETE /_sim/interfaces/{id} takes it away
func (s *Sim) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_sim/{$}", s.showPage)
	mux.HandleFunc("GET /_sim/state", func(w http.ResponseWriter, _ *http.Request) { show(w, s.Resources()) })
	mux.HandleFunc("GET /_sim/endpoint", s.showEndpoint)
	mux.HandleFunc("GET /_sim/calls", func(w http.ResponseWriter, _ *http.Request) { show(w, s.Record.Entries()) })
	mux.HandleFunc("DELETE /_sim/calls", func(http.ResponseWriter, *http.Request) { s.Record.Reset() })
	mux.HandleFunc("GET /_sim/faults", func(w http.ResponseWriter, _ *http.Request) { show(w, s.Faults.List()) })
	mux.HandleFunc("PUT /_sim/faults", take(func(f []wire.Fault) { s.Faults.Set(f...) }))
	mux.HandleFunc("POST /_sim/jobs/free", func(http.ResponseWriter, *http.Request) { s.FreeJobs() })
	mux.HandleFunc("PUT /_sim/interfaces", take(s.PutInterface))
	mux.HandleFunc("DELETE /_sim/interfaces/{id}", func(_ http.ResponseWriter, r *http.Request) { s.DropInterface(r.PathValue("id")) })
	return mux
}

func (s *Sim) showPage(w http.ResponseWriter, _ *http.Request) {
	calls := s.Record.Entries()
	slices.Reverse(calls)
	s.mu.Lock()
	pending := len(s.jobs.pending)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = pageTemplate.Execute(w, map[string]any{ // the reader is gone
		"Resources": s.Resources(), "Calls": calls[:min(len(calls), 50)], "Faults": s.Faults.List(), "Pending": pending,
	})
}

func (s *Sim) showEndpoint(w http.ResponseWriter, r *http.Request) {
	var p struct {
		ID   string `json:"id" check:"required"`
		Port int    `json:"port" check:"required,1..65535"`
	}
	params := wire.Params{"id": r.URL.Query().Get("id"), "port": r.URL.Query().Get("port")}
	if err := params.Bind(&p, wire.Classic); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	at := s.Endpoint(p.ID, p.Port)
	if at == "" {
		http.Error(w, "no such listener", http.StatusNotFound)
		return
	}
	show(w, at)
}

func show(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(what) // the reader is gone
}

// take reads JSON of a shape, and nothing besides.
func take[T any](use func(T)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var value T
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&value); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		use(value)
		w.WriteHeader(http.StatusNoContent)
	}
}
