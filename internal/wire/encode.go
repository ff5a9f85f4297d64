package wire

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/vmihailenco/msgpack/v5"
)

// Encode writes a value.
func (f Form) Encode(v attr.Value) ([]byte, error) {
	var buf bytes.Buffer
	err := f.encode(msgpack.NewEncoder(&buf), v)
	return buf.Bytes(), err
}

func (f Form) encode(out *msgpack.Encoder, v attr.Value) error {
	if v.IsUnknown() {
		return out.Encode(msgpack.RawMessage(unknown))
	}
	list, isList := v.(types.List)
	if v.IsNull() {
		if _, blocks := list.ElementType(context.Background()).(types.ObjectType); isList && blocks && f == Blocks {
			return out.Encode(msgpack.RawMessage(emptyList))
		}
		return out.EncodeNil()
	}
	switch v := v.(type) {
	case types.Object:
		return f.encodeMap(out, v.Attributes())
	case types.Map:
		return f.encodeMap(out, v.Elements())
	case types.List:
		items := v.Elements()
		if err := out.EncodeArrayLen(len(items)); err != nil {
			return err
		}
		for _, item := range items {
			if err := f.encode(out, item); err != nil {
				return err
			}
		}
		return nil
	case types.String:
		return out.EncodeString(v.ValueString())
	case types.Bool:
		return out.EncodeBool(v.ValueBool())
	case types.Int64:
		return out.EncodeInt(v.ValueInt64())
	case types.Float64:
		return encodeFloat(out, v)
	}
	return fmt.Errorf("a value of type %T", v)
}

// encodeMap writes the keys in order, so that one value has one form.
func (f Form) encodeMap(out *msgpack.Encoder, items map[string]attr.Value) error {
	if err := out.EncodeMapLen(len(items)); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(items)) {
		if err := out.EncodeString(key); err != nil {
			return err
		}
		if err := f.encode(out, items[key]); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

// encodeFloat writes a whole number of 64 bits as one, a fraction that a float64 holds exactly as that, and all else as text.
func encodeFloat(out *msgpack.Encoder, v types.Float64) error {
	tf, err := v.ToTerraformValue(context.Background())
	if err != nil {
		return err
	}
	n := new(big.Float)
	if err := tf.As(&n); err != nil {
		return err
	}
	if whole, accuracy := n.Int64(); accuracy == big.Exact {
		return out.EncodeInt(whole)
	}
	if x, accuracy := n.Float64(); accuracy == big.Exact && !n.IsInt() {
		return out.EncodeFloat64(x)
	}
	return out.EncodeString(n.Text('f', -1))
}
