package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// Decode reads a value of a type.
func (f Form) Decode(t attr.Type, data []byte) (attr.Value, error) {
	return f.decode(msgpack.NewDecoder(bytes.NewReader(data)), t)
}

func (f Form) decode(in *msgpack.Decoder, t attr.Type) (attr.Value, error) {
	code, err := in.PeekCode()
	switch {
	case err != nil:
		return nil, err
	case code == msgpcode.Nil:
		return Null(t), in.DecodeNil()
	case msgpcode.IsExt(code):
		if err := in.Skip(); err != nil {
			return nil, err
		}
		return Unknown(t), nil
	}
	switch t := t.(type) {
	case types.ObjectType:
		return f.decodeObject(in, t)
	case types.ListType:
		return f.decodeList(in, t)
	case types.MapType:
		return f.decodeMap(in, t)
	}
	switch t {
	case types.StringType:
		s, err := in.DecodeString()
		return types.StringValue(s), err
	case types.BoolType:
		b, err := in.DecodeBool()
		return types.BoolValue(b), err
	}
	return decodeNumber(in, t)
}

func (f Form) decodeObject(in *msgpack.Decoder, t types.ObjectType) (attr.Value, error) {
	n, err := in.DecodeMapLen()
	if err != nil {
		return nil, err
	}
	attrs := make(map[string]attr.Value, len(t.AttrTypes))
	for range n {
		name, err := in.DecodeString()
		if err != nil {
			return nil, err
		}
		sub, ok := t.AttrTypes[name]
		if !ok {
			return nil, fmt.Errorf("%s is not in the schema", name)
		}
		if attrs[name], err = f.decode(in, sub); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for name, sub := range t.AttrTypes {
		if attrs[name] == nil {
			attrs[name] = Null(sub)
		}
	}
	return types.ObjectValueMust(t.AttrTypes, attrs), nil
}

func (f Form) decodeList(in *msgpack.Decoder, t types.ListType) (attr.Value, error) {
	n, err := in.DecodeArrayLen()
	if err != nil {
		return nil, err
	}
	if _, blocks := t.ElemType.(types.ObjectType); blocks && f == Blocks && n == 0 {
		return types.ListNull(t.ElemType), nil
	}
	var items []attr.Value // not made n long: n is what the data says, however short they are
	for i := range n {
		item, err := f.decode(in, t.ElemType)
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		items = append(items, item)
	}
	return types.ListValueMust(t.ElemType, items), nil
}

func (f Form) decodeMap(in *msgpack.Decoder, t types.MapType) (attr.Value, error) {
	n, err := in.DecodeMapLen()
	if err != nil {
		return nil, err
	}
	items := map[string]attr.Value{}
	for range n {
		key, err := in.DecodeString()
		if err != nil {
			return nil, err
		}
		if items[key], err = f.decode(in, t.ElemType); err != nil {
			return nil, fmt.Errorf("[%q]: %w", key, err)
		}
	}
	return types.MapValueMust(t.ElemType, items), nil
}

// maxExponent is somewhat more than a float64 holds: no number of an API is out of it, and written out it has some hundred digits.
const maxExponent = 1100

// decodeNumber keeps the number as exactly as Terraform has it: 0.1 travels as text.
func decodeNumber(in *msgpack.Decoder, t attr.Type) (attr.Value, error) {
	code, err := in.PeekCode()
	if err != nil {
		return nil, err
	}
	n := new(big.Float)
	switch {
	case msgpcode.IsString(code):
		var s string
		if s, err = in.DecodeString(); err == nil {
			n, _, err = big.ParseFloat(s, 10, 512, big.ToNearestEven)
		}
	case code == msgpcode.Float || code == msgpcode.Double:
		var x float64
		if x, err = in.DecodeFloat64(); err == nil && math.IsNaN(x) {
			err = errors.New("a number that is none")
		} else if err == nil {
			n = big.NewFloat(x)
		}
	case code == msgpcode.Uint64:
		var x uint64
		x, err = in.DecodeUint64()
		n.SetUint64(x)
	default:
		var x int64
		x, err = in.DecodeInt64()
		n.SetInt64(x)
	}
	if err != nil {
		return nil, err
	}
	if exponent := n.MantExp(nil); n.IsInf() || exponent > maxExponent || exponent < -maxExponent {
		return nil, errors.New("a number out of range")
	}
	return t.ValueFromTerraform(context.Background(), tftypes.NewValue(tftypes.Number, n))
}

// Null is a type's null value.
func Null(t attr.Type) attr.Value {
	switch t := t.(type) {
	case types.ObjectType:
		return types.ObjectNull(t.AttrTypes)
	case types.ListType:
		return types.ListNull(t.ElemType)
	case types.MapType:
		return types.MapNull(t.ElemType)
	}
	switch t {
	case types.BoolType:
		return types.BoolNull()
	case types.Int64Type:
		return types.Int64Null()
	case types.Float64Type:
		return types.Float64Null()
	}
	return types.StringNull()
}

// Unknown is a type's unknown value.
func Unknown(t attr.Type) attr.Value {
	switch t := t.(type) {
	case types.ObjectType:
		return types.ObjectUnknown(t.AttrTypes)
	case types.ListType:
		return types.ListUnknown(t.ElemType)
	case types.MapType:
		return types.MapUnknown(t.ElemType)
	}
	switch t {
	case types.BoolType:
		return types.BoolUnknown()
	case types.Int64Type:
		return types.Int64Unknown()
	case types.Float64Type:
		return types.Float64Unknown()
	}
	return types.StringUnknown()
}
