package wire

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/google/uuid"
	"k8s.io/utils/clock"
)

// maxBody is how much a request may carry.
const maxBody = 8 << 20

// Server answers the actions of its products, one at a time.
type Server struct {
	Keys   Keys
	Record Record
	Faults *Faults

	region   string
	clock    clock.Clock
	world    sync.Locker
	arrive   func() // called with the world locked, before each action
	rpc      map[string]map[string]Action
	products map[string]Product
	roa      *http.ServeMux
	throttle throttle
	tokens   tokens
	nonces   nonces
}

// Settings of a server. World is locked while an action runs, and Arrive called before it does.
type Settings struct {
	Region      string
	Clock       clock.Clock
	World       sync.Locker
	Arrive      func()
	Read, Write Limit
	Seed        uint64
	Products    []Product
}

// NewServer makes a server for products.
func NewServer(set Settings) *Server {
	s := &Server{
		Faults: NewFaults(set.Seed), region: set.Region, clock: set.Clock, world: set.World, arrive: set.Arrive,
		rpc: map[string]map[string]Action{}, products: map[string]Product{}, roa: http.NewServeMux(),
		throttle: throttle{read: set.Read, write: set.Write},
	}
	for _, p := range set.Products {
		s.products[p.Version] = p
		s.rpc[p.Version] = map[string]Action{}
		for _, a := range p.Actions {
			if a.Route == "" {
				s.rpc[p.Version][a.Name] = a
				continue
			}
			s.roa.HandleFunc(a.Route, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, p, a) })
		}
	}
	s.roa.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, Product{}, Action{Name: r.URL.Path}) })
	return s
}

// ServeHTTP answers one request: RPC style at the root, ROA style elsewhere.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		s.roa.ServeHTTP(w, r)
		return
	}
	s.serve(w, r, Product{}, Action{})
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, p Product, a Action) {
	c := &Call{RequestID: strings.ToUpper(uuid.NewString()), request: r, action: a, Action: a.Name, Product: p.Name, dialect: p.Dialect}
	entry := Entry{At: s.clock.Now(), RequestID: c.RequestID, Status: http.StatusOK}
	reply, err := s.answer(c)
	status, body := encode(c, reply, err)
	entry.Product, entry.Action, entry.Params, entry.Status = c.Product, c.Action, scrub(c.Params), status
	if refused, ok := errors.AsType[*Error](err); ok {
		entry.Code = refused.Code
	}
	entry.Lost = c.Effect.LoseReply && err == nil
	s.Record.add(entry)
	if entry.Lost {
		panic(http.ErrAbortHandler) // closes the connection without a reply
	}
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.Header().Set("x-acs-request-id", c.RequestID)
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller is gone
}

// answer takes a call through all that stands before its action, and the action.
func (s *Server) answer(c *Call) (any, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, c.request.Body, maxBody))
	if err != nil {
		return nil, Refuse("InvalidRequest", "The request's body cannot be read: %v.", err)
	}
	if err := s.find(c, body); err != nil {
		return nil, err
	}
	now := s.clock.Now()
	if err := s.authenticate(c, body, now); err != nil {
		return nil, err
	}
	for _, name := range []string{"ClientToken", "DryRun"} {
		if c.Params[name] != "" && (c.action.plain || !c.action.Write) {
			return nil, c.dialect.Illegal(name)
		}
	}
	if err := c.Key.allow(c.Product, c.Action); err != nil {
		return nil, err
	}
	c.Effect = s.Faults.hit(c.Product, c.Action)
	if err := s.throttle.admit(c, now); err != nil {
		return nil, err
	}
	switch {
	case c.Effect.Throttle:
		return nil, throttled()
	case c.Effect.Error != nil:
		return nil, c.Effect.Error
	}
	reply, done, err := s.tokens.reserve(c, now)
	if done || err != nil {
		return reply, err
	}
	reply, err = s.run(c)
	s.tokens.settle(c, reply, err)
	return reply, err
}

// run waits as long as a fault says, and carries the action out. A caller that left meanwhile does not stop it.
func (s *Server) run(c *Call) (any, error) {
	if c.Effect.Latency > 0 {
		<-s.clock.After(c.Effect.Latency)
	}
	s.world.Lock()
	defer s.world.Unlock()
	s.arrive()
	commit, err := c.action.run(c)
	if err != nil {
		return nil, err
	}
	if c.Params["DryRun"] == "true" && c.action.Write {
		return nil, Refuse("DryRunOperation", "Request validation has been passed with DryRun flag set.")
	}
	// While the world is locked: a reply shows things that live on.
	body, err := json.Marshal(commit())
	return json.RawMessage(body), err
}

// encode makes the body: a reply with its RequestId, or an error. A reply that is no object, as some of CS are, goes as it is.
func encode(c *Call, reply any, err error) (int, []byte) {
	if err != nil {
		refused, ok := errors.AsType[*Error](err)
		if !ok {
			refused = &Error{http.StatusInternalServerError, "InternalError", err.Error()}
		}
		body, _ := json.Marshal(map[string]string{ // strings marshal
			"Code": refused.Code, "Message": refused.Message, "RequestId": c.RequestID, "HostId": c.request.Host,
			"Recommend": "https://api.aliyun.com/troubleshoot?q=" + refused.Code,
		})
		return refused.Status, body
	}
	body, err := json.Marshal(reply)
	if err != nil {
		return encode(c, nil, err)
	}
	object := map[string]json.RawMessage{}
	if json.Unmarshal(body, &object) != nil {
		return http.StatusOK, body
	}
	object["RequestId"], _ = json.Marshal(c.RequestID) // a string marshals
	body, _ = json.Marshal(object)                     // it came from JSON
	return http.StatusOK, body
}
