// Command echo is for the gateway's acceptance tests: it answers each request with the request, as it came in.
package main

import (
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"os"
	"time"
)

func main() {
	s := &http.Server{Addr: ":" + os.Getenv("PORT"), ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head, err := httputil.DumpRequest(r, false)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Ce-Id", "answer")
		w.WriteHeader(http.StatusAccepted)
		_, _ = w.Write(append(head, body...))
	})}
	log.Fatal(s.ListenAndServe())
}
