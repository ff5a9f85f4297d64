package admission

import (
	"errors"

	"github.com/go-faster/jx"
)

// read goes through the members of one JSON object; its error is the cause, for what is around it tells nothing to a person.
func read(data []byte, member func(*jx.Decoder, []byte) error) error {
	d := jx.GetDecoder()
	defer jx.PutDecoder(d)
	d.ResetBytes(data)
	err := d.ObjBytes(member)
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

// members is for an object within; null has none. A member that is not looked at must be skipped.
func members(d *jx.Decoder, member func(*jx.Decoder, []byte) error) error {
	if d.Next() == jx.Null {
		return d.Null()
	}
	return d.ObjBytes(member)
}

func items(d *jx.Decoder, item func(*jx.Decoder) error) error {
	if d.Next() == jx.Null {
		return d.Null()
	}
	return d.Arr(item)
}

// one reads the member of that name, and skips any other.
func one[T ~string](d *jx.Decoder, key []byte, name string, into *T) error {
	if string(key) == name {
		return text(d, into)
	}
	return d.Skip()
}

func text[T ~string](d *jx.Decoder, into *T) error {
	if d.Next() == jx.Null {
		return d.Null()
	}
	s, err := d.Str()
	*into = T(s)
	return err
}

func texts(d *jx.Decoder, into *[]string) error {
	return items(d, func(d *jx.Decoder) error {
		s, err := d.Str()
		*into = append(*into, s)
		return err
	})
}

func integer(d *jx.Decoder, into *int64) (err error) {
	if d.Next() == jx.Null {
		return d.Null()
	}
	*into, err = d.Int64()
	return err
}

func flag(d *jx.Decoder, into *bool) (err error) {
	if d.Next() == jx.Null {
		return d.Null()
	}
	*into, err = d.Bool()
	return err
}

// raw is what is written, a part of the whole; nothing where it is null.
func raw[T ~[]byte](d *jx.Decoder, into *T) error {
	if d.Next() == jx.Null {
		return d.Null()
	}
	written, err := d.Raw()
	*into = T(written)
	return err
}

func textMap(d *jx.Decoder, into *map[string]string) error {
	return members(d, func(d *jx.Decoder, key []byte) error {
		if *into == nil {
			*into = make(map[string]string, 8)
		}
		name, value := string(key), ""
		err := text(d, &value)
		(*into)[name] = value
		return err
	})
}
