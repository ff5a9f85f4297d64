package wire

import (
	"bytes"
	"maps"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

var (
	blockType = types.ObjectType{AttrTypes: map[string]attr.Type{"a": types.StringType, "n": types.Int64Type}}
	wholeType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"text": types.StringType, "flag": types.BoolType, "whole": types.Int64Type, "part": types.Float64Type,
		"map": types.MapType{ElemType: types.StringType}, "list": types.ListType{ElemType: types.StringType},
		"block": blockType, "blocks": types.ListType{ElemType: blockType},
	}}
)

func block(a string, n int64) attr.Value {
	return types.ObjectValueMust(blockType.AttrTypes, map[string]attr.Value{"a": types.StringValue(a), "n": types.Int64Value(n)})
}

// with is a value of wholeType, null but for what is given.
func with(attrs map[string]attr.Value) attr.Value {
	all := map[string]attr.Value{}
	for name, t := range wholeType.AttrTypes {
		all[name] = Null(t)
	}
	maps.Copy(all, attrs)
	return types.ObjectValueMust(wholeType.AttrTypes, all)
}

// The framework's own reading and writing is the reference: what Terraform sends is what it makes of the same value.
func TestEncodeIsTheFrameworks(t *testing.T) {
	exact, _, _ := big.ParseFloat("0.1", 10, 512, big.ToNearestEven)
	tenth, err := types.Float64Type.ValueFromTerraform(t.Context(), tftypes.NewValue(tftypes.Number, exact))
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]attr.Value{
		"nothing":   with(nil),
		"null":      types.ObjectNull(wholeType.AttrTypes),
		"unknown":   types.ObjectUnknown(wholeType.AttrTypes),
		"scalars":   with(map[string]attr.Value{"text": types.StringValue("é"), "flag": types.BoolValue(true), "whole": types.Int64Value(-7), "part": types.Float64Value(0.5)}),
		"large":     with(map[string]attr.Value{"whole": types.Int64Value(1 << 62), "part": types.Float64Value(1 << 40)}),
		"small":     with(map[string]attr.Value{"whole": types.Int64Value(300), "part": types.Float64Value(2)}),
		"exact":     with(map[string]attr.Value{"part": tenth}),
		"empty":     with(map[string]attr.Value{"text": types.StringValue(""), "map": types.MapValueMust(types.StringType, nil), "list": types.ListValueMust(types.StringType, nil), "blocks": types.ListValueMust(blockType, nil)}),
		"unknowns":  with(map[string]attr.Value{"text": types.StringUnknown(), "flag": types.BoolUnknown(), "whole": types.Int64Unknown(), "part": types.Float64Unknown(), "map": types.MapUnknown(types.StringType), "list": types.ListUnknown(types.StringType), "block": types.ObjectUnknown(blockType.AttrTypes), "blocks": types.ListUnknown(blockType)}),
		"nested":    with(map[string]attr.Value{"block": block("x", 1), "blocks": types.ListValueMust(blockType, []attr.Value{block("y", 2), block("z", 3)})}),
		"some null": with(map[string]attr.Value{"map": types.MapValueMust(types.StringType, map[string]attr.Value{"k": types.StringNull()}), "list": types.ListValueMust(types.StringType, []attr.Value{types.StringNull(), types.StringUnknown(), types.StringValue("v")})}),
	} {
		t.Run(name, func(t *testing.T) {
			tf, err := v.ToTerraformValue(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			reference, err := tfprotov6.NewDynamicValue(wholeType.TerraformType(t.Context()), tf)
			if err != nil {
				t.Fatal(err)
			}
			encoded, err := Attributes.Encode(v)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(encoded, reference.MsgPack) {
				t.Errorf("encoded\n%x, Terraform has\n%x", encoded, reference.MsgPack)
			}
			decoded, err := Attributes.Decode(wholeType, reference.MsgPack)
			if err != nil {
				t.Fatal(err)
			}
			if !decoded.Equal(v) {
				t.Errorf("decoded %s, want %s", decoded, v)
			}
		})
	}
}

// A list of blocks that are not written is empty to Terraform, and null here.
func TestBlocks(t *testing.T) {
	empty := with(map[string]attr.Value{"blocks": types.ListValueMust(blockType, nil)})
	sent, err := Attributes.Encode(empty)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Blocks.Decode(wholeType, sent)
	if err != nil || !got.Equal(with(nil)) {
		t.Errorf("decoded %v, %v", got, err)
	}
	back, err := Blocks.Encode(got)
	if err != nil || !bytes.Equal(back, sent) {
		t.Errorf("encoded %x, %v, want %x", back, err, sent)
	}
}

func TestPackAndUnpack(t *testing.T) {
	p := Packer{Blocks: []string{"blocks"}, Others: []string{"block"}}
	for name, tc := range map[string]struct {
		value attr.Value
		want  attr.Value // what comes back, where it is not the same
	}{
		"written":     {with(map[string]attr.Value{"text": types.StringValue("t"), "block": block("x", 1), "blocks": types.ListValueMust(blockType, []attr.Value{block("y", 2)})}), nil},
		"not written": {with(map[string]attr.Value{"blocks": types.ListValueMust(blockType, nil)}), nil},
		"not known":   {with(map[string]attr.Value{"block": types.ObjectUnknown(blockType.AttrTypes), "blocks": types.ListUnknown(blockType)}), nil},
		"made by us":  {with(nil), with(map[string]attr.Value{"blocks": types.ListValueMust(blockType, nil)})},
		"null":        {types.ObjectNull(wholeType.AttrTypes), nil},
		"unknown":     {types.ObjectUnknown(wholeType.AttrTypes), nil},
	} {
		t.Run(name, func(t *testing.T) {
			object, err := Attributes.Encode(tc.value)
			if err != nil {
				t.Fatal(err)
			}
			packed, err := p.Pack(object)
			if err != nil {
				t.Fatal(err)
			}
			framework := tftypes.Object{AttributeTypes: map[string]tftypes.Type{}}
			maps.Copy(framework.AttributeTypes, wholeType.TerraformType(t.Context()).(tftypes.Object).AttributeTypes)
			framework.AttributeTypes["block"], framework.AttributeTypes["blocks"] = tftypes.String, tftypes.String
			seen, err := (&tfprotov6.DynamicValue{MsgPack: packed}).Unmarshal(framework)
			if err != nil {
				t.Fatalf("the framework cannot read it: %v", err)
			}
			sent, err := tfprotov6.NewDynamicValue(framework, seen)
			if err != nil {
				t.Fatal(err)
			}
			unpacked, err := p.Unpack(sent.MsgPack)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Attributes.Decode(wholeType, unpacked)
			if err != nil {
				t.Fatal(err)
			}
			want := tc.want
			if want == nil {
				want = tc.value
			}
			if diff := cmp.Diff(want.String(), got.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Whatever arrives, there is an error or a value, and the value has one form.
func FuzzDecode(f *testing.F) {
	for _, v := range []attr.Value{with(nil), with(map[string]attr.Value{"block": block("x", 1), "part": types.Float64Value(0.5)})} {
		data, err := Attributes.Encode(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Attributes.Decode(wholeType, data)
		if err != nil {
			return
		}
		again, err := Attributes.Encode(v)
		if err != nil {
			t.Fatalf("%s cannot be written: %v", v, err)
		}
		w, err := Attributes.Decode(wholeType, again)
		if err != nil {
			t.Fatalf("%s cannot be read again: %v", v, err)
		}
		// Bytes, and not values: a float64 above 2^63 travels as its shortest text, which is another number of 512 bits.
		if third, err := Attributes.Encode(w); err != nil || !bytes.Equal(third, again) {
			t.Fatalf("%s came back as %s, %v", v, w, err)
		}
	})
}
