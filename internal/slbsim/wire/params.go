package wire

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Params are a request's parameters as they came: flat, with arrays numbered from 1, such as Servers.1.Port.
type Params map[string]string

// common parameters belong to the protocol, or to accounts, and so to every action.
var common = []string{
	"Action", "Version", "Format", "Timestamp", "Signature", "SignatureMethod", "SignatureVersion", "SignatureType",
	"SignatureNonce", "AccessKeyId", "SecurityToken", "RegionId", "ClientToken", "DryRun",
	"OwnerId", "OwnerAccount", "ResourceOwnerId", "ResourceOwnerAccount", "AcceptLanguage",
}

// Bind fills a struct from parameters: a field's json tag names its parameter, its check tag limits it (see verify).
// Strings, ints, bools, structs, slices and pointers to them bind; a nil pointer is a parameter that was not sent.
// A parameter that the struct does not have is refused, for an emulator that ignores one pretends to have obeyed.
func (p Params) Bind(into any, d Dialect) error {
	root := &node{}
	for name, value := range p {
		if !slices.Contains(common, name) {
			root.put(strings.Split(name, "."), value)
		}
	}
	return binder{d}.fill(reflect.ValueOf(into).Elem(), root, "")
}

// Only gives some of the parameters.
func (p Params) Only(names ...string) Params {
	some := Params{}
	for _, name := range names {
		if value, ok := p[name]; ok {
			some[name] = value
		}
	}
	return some
}

// node is one step of a parameter's name, with its value at the end of it.
type node struct {
	value string
	kids  map[string]*node
}

func (n *node) put(path []string, value string) {
	if len(path) == 0 {
		n.value = value
		return
	}
	if n.kids == nil {
		n.kids = map[string]*node{}
	}
	kid := n.kids[path[0]]
	if kid == nil {
		kid = &node{}
		n.kids[path[0]] = kid
	}
	kid.put(path[1:], value)
}

type binder struct{ Dialect }

func (b binder) fill(v reflect.Value, n *node, name string) error {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return b.fill(v.Elem(), n, name)
	case reflect.Struct:
		return b.fillStruct(v, n, name)
	case reflect.Slice:
		return b.fillSlice(v, n, name)
	default:
		return b.fillScalar(v, n, name)
	}
}

func (b binder) fillScalar(v reflect.Value, n *node, name string) error {
	if n.kids != nil {
		return b.Illegal(name)
	}
	value := n.value
	switch v.Kind() {
	case reflect.String:
		v.SetString(value)
	case reflect.Int:
		i, err := strconv.ParseInt(value, 10, 32)
		if err != nil {
			return b.Illegal(name)
		}
		v.SetInt(i)
	case reflect.Bool:
		if value != "true" && value != "false" {
			return b.Illegal(name)
		}
		v.SetBool(value == "true")
	default:
		panic("wire: cannot bind " + name + " to " + v.Type().String())
	}
	return nil
}

func (b binder) fillStruct(v reflect.Value, n *node, prefix string) error {
	known := map[string]bool{}
	for _, field := range reflect.VisibleFields(v.Type()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous || name == "" || name == "-" {
			continue
		}
		known[name] = true
		full := join(prefix, name)
		kid := n.kids[name]
		if kid != nil {
			if err := b.fill(v.FieldByIndex(field.Index), kid, full); err != nil {
				return err
			}
		}
		if err := b.verify(v.FieldByIndex(field.Index), field.Tag.Get("check"), kid != nil, full); err != nil {
			return err
		}
	}
	for name := range n.kids {
		if !known[name] {
			return b.unknown(join(prefix, name))
		}
	}
	return nil
}

func (b binder) fillSlice(v reflect.Value, n *node, name string) error {
	v.Set(reflect.MakeSlice(v.Type(), len(n.kids), len(n.kids)))
	for index, kid := range n.kids {
		i, err := strconv.Atoi(index)
		if err != nil || i < 1 || i > len(n.kids) { // numbered from 1 without a gap
			return b.Illegal(name + "." + index)
		}
		if err := b.fill(v.Index(i-1), kid, name+"."+index); err != nil {
			return err
		}
	}
	return nil
}

func (b binder) unknown(name string) error {
	e := *b.Illegal(name)
	e.Message += " The emulator has no such parameter in this action; if Alibaba's document has it, add it there."
	return &e
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}
