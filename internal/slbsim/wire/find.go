package wire

import (
	"net/url"
	"regexp"
)

// find reads a call's parameters, and finds its action by version and name, or has it from its path.
func (s *Server) find(c *Call, body []byte) error {
	c.Params = Params{}
	form := url.Values{}
	if c.action.Route == "" && c.request.URL.Path == "/" {
		var err error
		if form, err = url.ParseQuery(string(body)); err != nil {
			return Refuse("InvalidParameter", "The request's body is not a form: %v.", err)
		}
	}
	for _, values := range []url.Values{c.request.URL.Query(), form} {
		for name := range values {
			c.Params[name] = values.Get(name)
		}
	}
	if c.action.Route != "" {
		c.pathParams()
		return nil
	}
	if c.request.URL.Path != "/" {
		return NotFound("InvalidAction.NotFound", "Specified api is not found, please check your url and method.")
	}
	product, ok := s.products[c.Params["Version"]]
	if !ok {
		return NotFound("InvalidVersion", "Specified parameter Version is not valid: the emulator has no API of version %q.", c.Params["Version"])
	}
	if region := c.Params["RegionId"]; !product.Global && region != s.region {
		return NotFound("InvalidRegionId.NotFound", "The specified RegionId %q does not exist: the emulator is %s.", region, s.region)
	}
	c.Product, c.Action, c.dialect = product.Name, c.Params["Action"], product.Dialect
	if c.action, ok = s.rpc[product.Version][c.Action]; !ok {
		return NotFound("InvalidAction.NotFound",
			"Specified api is not found, please check your url and method: the emulator has no action %q in %s.", c.Action, product.Name)
	}
	return nil
}

var wildcard = regexp.MustCompile(`\{(\w+)\}`)

// pathParams takes the wildcards of a ROA path as parameters.
func (c *Call) pathParams() {
	for _, match := range wildcard.FindAllStringSubmatch(c.action.Route, -1) {
		c.Params[match[1]] = c.request.PathValue(match[1])
	}
}
