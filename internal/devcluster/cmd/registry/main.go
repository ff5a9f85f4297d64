// Command registry is a container registry in memory: registry LISTEN-ADDRESS.
package main

import (
	"log"
	"net/http"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: registry LISTEN-ADDRESS")
	}
	srv := &http.Server{Addr: os.Args[1], Handler: registry.New(), ReadHeaderTimeout: time.Minute}
	log.Fatal(srv.ListenAndServe())
}
