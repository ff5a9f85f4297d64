package wire

import (
	"fmt"
	"net/http"
)

// Error is a refusal as it goes over the wire. Code must be a string: the SDK panics on anything else.
type Error struct {
	Status  int    `json:"Status"`
	Code    string `json:"Code"`
	Message string `json:"Message"`
}

// Error is the code and the message, as the SDK would show them.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Refuse makes an error with HTTP status 400, which most of Alibaba's refusals have.
func Refuse(code, format string, args ...any) *Error {
	return &Error{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

// NotFound makes an error with HTTP status 404.
func NotFound(code, format string, args ...any) *Error {
	return &Error{http.StatusNotFound, code, fmt.Sprintf(format, args...)}
}

// Dialect is how a product words what is wrong with a parameter; name is in wire form, such as Servers.1.Port.
type Dialect struct {
	Missing, Illegal func(name string) *Error
}

// Classic is the wording of the older products: CLB, ECS, VPC and STS.
var Classic = Dialect{
	Missing: func(name string) *Error {
		return Refuse("MissingParameter", "The input parameter %q that is mandatory for processing this request is not supplied.", name)
	},
	Illegal: func(name string) *Error {
		return Refuse("InvalidParameter", "The specified parameter %s is not valid.", name)
	},
}
