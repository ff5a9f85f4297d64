package slbsim

import "net/http"

func (s *Sim) pages() http.Handler { return http.NewServeMux() }
