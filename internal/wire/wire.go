// Package wire reads and writes Terraform's values in the form in which they travel between Terraform and a provider, MessagePack,
// and packs whole attributes away as text.
//
// Why: terraform-plugin-framework walks every nested block in every call, and asks the whole schema for its type at every node.
// For a Knative Service, with some 650 nested attributes, that was 150 ms a plan. Packed, an attribute is one string to the
// framework; what is in it is read here, once, where it is needed.
//
// Source of the form: github.com/zclconf/go-cty, cty/msgpack, and terraform-plugin-go, tftypes/value_msgpack.go.
package wire

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// An unknown value, as Terraform writes one that it knows nothing of.
var unknown = []byte{0xd4, 0, 0}

// emptyList is how Terraform has a list of blocks of which there is none: such a list is never null.
var emptyList = []byte{msgpcode.FixedArrayLow}

// Form says what lists of objects in a value are.
type Form int

const (
	// Attributes are written with an equals sign: a list of them may be null.
	Attributes Form = iota
	// Blocks that are not written are an empty list to Terraform; here they are null, as an attribute that is not written.
	Blocks
)

// Packer packs the named attributes of an object.
type Packer struct {
	// Blocks are the attributes that are lists of blocks; Others the other ones.
	Blocks, Others []string
}

// Pack gives an object with each of the named attributes as one text, which holds the value's own bytes. Null stays null, and
// what is unknown as a whole stays unknown.
func (p Packer) Pack(object []byte) ([]byte, error) {
	return p.each(object, func(out *msgpack.Encoder, _ string, raw []byte) error {
		switch {
		case raw[0] == msgpcode.Nil:
			return out.EncodeNil()
		case msgpcode.IsExt(raw[0]):
			return out.Encode(msgpack.RawMessage(unknown)) // what else is known of it does not hold for a text
		default:
			return out.EncodeString(string(raw))
		}
	})
}

// Unpack undoes Pack.
func (p Packer) Unpack(object []byte) ([]byte, error) {
	return p.each(object, func(out *msgpack.Encoder, name string, raw []byte) error {
		switch {
		case raw[0] == msgpcode.Nil && slices.Contains(p.Blocks, name):
			raw = emptyList
		case raw[0] == msgpcode.Nil || msgpcode.IsExt(raw[0]):
		default:
			text, err := msgpack.NewDecoder(bytes.NewReader(raw)).DecodeString()
			if err != nil {
				return err
			}
			raw = []byte(text)
		}
		return out.Encode(msgpack.RawMessage(raw))
	})
}

// each writes an object with the named attributes as write writes them. An object that is null or unknown stays as it is.
func (p Packer) each(object []byte, write func(out *msgpack.Encoder, name string, raw []byte) error) ([]byte, error) {
	if len(object) == 0 || object[0] == msgpcode.Nil || msgpcode.IsExt(object[0]) {
		return object, nil
	}
	in := msgpack.NewDecoder(bytes.NewReader(object))
	n, err := in.DecodeMapLen()
	if err != nil {
		return nil, fmt.Errorf("a resource that is not an object: %w", err)
	}
	var buf bytes.Buffer
	buf.Grow(len(object) + 16)
	out := msgpack.NewEncoder(&buf)
	if err := out.EncodeMapLen(n); err != nil {
		return nil, err
	}
	for range n {
		name, err := in.DecodeString()
		if err != nil {
			return nil, err
		}
		raw, err := in.DecodeRaw()
		if err != nil {
			return nil, err
		}
		if err := out.EncodeString(name); err != nil {
			return nil, err
		}
		if !slices.Contains(p.Blocks, name) && !slices.Contains(p.Others, name) {
			err = out.Encode(raw)
		} else {
			err = write(out, name, raw)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return buf.Bytes(), nil
}
