package slbsim

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

func byOrder(actions []albAction) []albAction {
	return slices.SortedFunc(slices.Values(actions), func(a, b albAction) int { return a.Order - b.Order })
}

// expand puts a request's own parts in place of ${protocol}, ${host}, ${port}, ${path} and ${query}.
func expand(text string, r *http.Request, l *albListener) string {
	return strings.NewReplacer(
		"${protocol}", strings.ToLower(l.Protocol), "${host}", hostOf(r), "${port}", strconv.Itoa(l.Port),
		"${path}", r.URL.EscapedPath(), "${query}", r.URL.RawQuery,
	).Replace(text)
}

// answer redirects; what is not said stays as the request has it.
func (a albRedirect) answer(l *albListener) http.Handler {
	def(&a.Protocol, "${protocol}")
	def(&a.Host, "${host}")
	def(&a.Port, "${port}")
	def(&a.Path, "${path}")
	def(&a.Query, "${query}")
	def(&a.Code, "301")
	code, _ := strconv.Atoi(a.Code) // checked when the rule was made
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme := strings.ToLower(expand(a.Protocol, r, l))
		host := expand(a.Host, r, l)
		if port := expand(a.Port, r, l); port != map[string]string{"http": "80", "https": "443"}[scheme] {
			host = net.JoinHostPort(host, port)
		}
		to := scheme + "://" + host + expand(a.Path, r, l)
		if query := expand(a.Query, r, l); query != "" {
			to += "?" + query
		}
		w.Header().Set("Location", to)
		w.WriteHeader(code)
	})
}

func (a albFixed) answer() http.Handler {
	def(&a.Type, "text/plain")
	code, _ := strconv.Atoi(a.Code) // checked when the rule was made
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", a.Type)
		w.WriteHeader(code)
		_, _ = w.Write([]byte(a.Content)) // the client is gone
	})
}

// edit rewrites; what is not said stays.
func (a albRewrite) edit(l *albListener) func(*http.Request) {
	return func(r *http.Request) {
		before := r.Clone(r.Context())
		if a.Host != "" {
			r.Host = expand(a.Host, before, l)
		}
		if a.Query != "" {
			r.URL.RawQuery = expand(a.Query, before, l)
		}
		if a.Path == "" {
			return
		}
		if to, err := url.Parse(expand(a.Path, before, l)); err == nil {
			r.URL.Path, r.URL.RawPath = to.Path, to.RawPath
		}
	}
}

func (a albInsert) edit(l *albListener) func(*http.Request) {
	return func(r *http.Request) {
		value := a.Value
		switch a.Type {
		case "ReferenceHeader":
			value = r.Header.Get(a.Value)
		case "SystemDefined":
			value = system(a.Value, r, l)
		}
		if value == "" || !or(a.Cover, true) && r.Header.Get(a.Key) != "" {
			return
		}
		r.Header.Set(a.Key, value)
	}
}

func system(name string, r *http.Request, l *albListener) string {
	host, port, _ := net.SplitHostPort(r.RemoteAddr) // the server wrote it
	return map[string]string{
		"ClientSrcIp": host, "ClientSrcPort": port, "Protocol": l.Protocol, "SLBId": l.BalancerID, "SLBPort": strconv.Itoa(l.Port),
	}[name]
}

func (a albRemove) edit() func(*http.Request) {
	return func(r *http.Request) { r.Header.Del(a.Key) }
}

// headers adds what the listener tells its backends about the client.
func (x albForwarded) headers(l *albListener, b *albBalancer) func(out, in *http.Request) {
	return func(out, in *http.Request) {
		host, port, _ := net.SplitHostPort(in.RemoteAddr) // the server wrote it
		if or(x.For, true) && x.Mode != "remove" {
			out.Header.Set("X-Forwarded-For", strings.Join(append(in.Header.Values("X-Forwarded-For"), host), ", "))
		}
		for _, h := range []struct {
			on          *bool
			name, value string
		}{
			{x.Proto, "X-Forwarded-Proto", strings.ToLower(l.Protocol)},
			{x.Host, "X-Forwarded-Host", in.Host},
			{x.SLBID, "SLB-ID", b.ID},
			{x.SLBPort, "X-Forwarded-Port", strconv.Itoa(l.Port)},
			{x.SrcPort, "X-Forwarded-Client-Srcport", port},
		} {
			if or(h.on, false) {
				out.Header.Set(h.name, h.value)
			}
		}
	}
}
