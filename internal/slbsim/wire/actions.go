package wire

import "net/http"

// Product is one API: its actions share a version, a wording of refusals, and a table.
type Product struct {
	Name    string // as in RAM policies: alb, slb, ecs
	Version string // such as 2020-06-16
	Global  bool   // the same in all regions
	Dialect Dialect
	Actions []Action
}

// Action is one operation of a product.
type Action struct {
	Name  string
	Write bool // counts against the limit of writes, and takes ClientToken and DryRun
	plain bool // takes neither

	// Open needs no key: it is how one gets a key.
	Open bool

	// Route is method and path pattern of a ROA action, such as "GET /clusters/{ClusterId}"; empty for RPC.
	Route string

	run func(*Call) (commit func() any, err error)
}

// Read makes an action that changes nothing.
func Read[P any](name string, f func(*Call, P) (any, error)) Action {
	return Action{Name: name, run: func(c *Call) (func() any, error) {
		var p P
		if err := c.Params.Bind(&p, c.dialect); err != nil {
			return nil, err
		}
		reply, err := f(c, p)
		return func() any { return reply }, err
	}}
}

// Write makes an action that first checks everything and then, unless it is a dry run, commits. A commit cannot fail.
func Write[P any](name string, f func(*Call, P) (commit func() any, err error)) Action {
	return Action{Name: name, Write: true, run: func(c *Call) (func() any, error) {
		var p P
		if err := c.Params.Bind(&p, c.dialect); err != nil {
			return nil, err
		}
		return f(c, p)
	}}
}

// Plain makes a Write that has neither ClientToken nor DryRun.
func Plain[P any](name string, f func(*Call, P) (commit func() any, err error)) Action {
	a := Write(name, f)
	a.plain = true
	return a
}

// Bare makes a Plain that binds its parameters by itself, such as over what is there already.
func Bare(name string, f func(*Call) (commit func() any, err error)) Action {
	return Action{Name: name, Write: true, plain: true, run: f}
}

// Open makes a Read that needs no key.
func Open[P any](name string, f func(*Call, P) (any, error)) Action {
	a := Read(name, f)
	a.Open = true
	return a
}

// ROA puts an action at a method and a path; the wildcards of the path are parameters.
func (a Action) ROA(route string) Action {
	a.Route = route
	return a
}

// Call is one request on its way through the server.
type Call struct {
	Product, Action string
	Params          Params
	RequestID       string
	Key             Key
	Effect          Effect // what faults do to it

	dialect Dialect
	action  Action
	request *http.Request
}
