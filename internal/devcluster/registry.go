package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// testImage is the tests' application, see cmd/app.
const testImage = registryAddr + "/app:v1"

// appTags are the application's images: one binary, told apart by APP_VERSION, so that each has its own digest.
var appTags = []struct{ tag, version string }{{"v1", "v1"}, {"v2", "v2"}, {"latest", "v2"}}

// pushApp fills the registry, as soon as it answers.
func pushApp(ctx context.Context, appDir string) error {
	// Without a proxy, whatever the environment says: the registry is on this machine.
	direct := &http.Transport{Proxy: noProxy}
	if err := poll(ctx, 30*time.Second, func(ctx context.Context) error { return httpOK(ctx, direct, "http://"+registryAddr+"/v2/") }); err != nil {
		return fmt.Errorf("registry at %s: %w", registryAddr, err)
	}
	for _, t := range appTags {
		img, err := newImage(filepath.Join(appDir, "app"), "APP_VERSION="+t.version)
		if err != nil {
			return err
		}
		ref, err := name.ParseReference(registryAddr+"/app:"+t.tag, name.Insecure)
		if err != nil {
			return err
		}
		if err := remote.Write(ref, img, remote.WithContext(ctx), remote.WithTransport(direct)); err != nil {
			return fmt.Errorf("push of %s: %w", ref, err)
		}
	}
	return nil
}

func httpOK(ctx context.Context, rt http.RoundTripper, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}
