package cloud

import (
	"errors"
	"net/url"
	"regexp"
)

// secrets are the parameters whose values must not be read by anyone, as they stand in a URL, or in one that was escaped once more.
var secrets = regexp.MustCompile(`(?i)\b(AccessKeyId|AccessKeySecret|SecurityToken|Signature|SignatureNonce|OIDCToken|PrivateKey)((?:=|%3D|":\s*"))[^&\s"',]*?(&|%26|["',]|\s|$)`)

// privateKey is one in PEM, of which a part is enough.
var privateKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE(?: |\+|%20)KEY.*`)

// accessKey is an ID as Alibaba makes them.
var accessKey = regexp.MustCompile(`\b(LTAI|STS\.)[A-Za-z0-9]{8,}`)

// signed is the text that a server shows when a signature is wrong: all parameters.
var signed = regexp.MustCompile(`(?is)\s*(server )?string to sign is:.*`)

// scrub takes out of a text what would let a reader act as the caller.
func scrub(text string) string {
	text = signed.ReplaceAllString(text, "")
	text = secrets.ReplaceAllString(text, "$1$2…$3")
	text = privateKey.ReplaceAllString(text, "…")
	return accessKey.ReplaceAllString(text, "…")
}

// scrubbed is an error without the URL that net/http puts into it, with its kind kept.
type scrubbed struct {
	text string
	err  error
}

func (s scrubbed) Error() string { return s.text }

// Is lets errors.Is find what it was, such as context.Canceled; there is no way back to the text.
func (s scrubbed) Is(target error) bool { return errors.Is(s.err, target) }

func scrubError(err error) error {
	if err == nil {
		return nil
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return scrubbed{scrub(err.Error()), err}
}
