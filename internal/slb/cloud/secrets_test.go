package cloud_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// answering makes a client of a server that answers everything alike.
func answering(t *testing.T, status int, body string) *cloud.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return secretive(t, server.URL)
}

const (
	secretID     = "LTAI5tSecretSecretSecret"
	secretSecret = "hushhushhushhushhushhushhushhu"
	secretToken  = "CAISsecurityTokenSecurityToken"
)

// secretive is a client with secrets that are known when they are seen.
func secretive(t *testing.T, url string) *cloud.Client {
	t.Helper()
	c, err := cloud.New(cloud.Settings{
		Region: "cn-hangzhou", AccessKey: secretID, SecretKey: secretSecret, SecurityToken: secretToken,
		Endpoints: map[string]string{"alb": url}, Patience: 20 * time.Millisecond, Pause: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// No error shows a secret, wherever it comes from.
func TestErrorsShowNoSecrets(t *testing.T) {
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"Code":"SignatureDoesNotMatch","Message":"Specified signature is not matched with our calculation. server string to sign is:POST&%%2F&%s"}`,
			strings.ReplaceAll(r.URL.RawQuery, "=", "%3D"))
	}))
	defer echo.Close()
	raw := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "the proxy could not reach http://x/?"+r.URL.RawQuery, http.StatusBadGateway)
	}))
	defer raw.Close()
	cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer cut.Close()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, url := range map[string]string{
		"a wrong signature": echo.URL, "a proxy's page": raw.URL, "no answer": cut.URL, "nothing there": closed.URL,
		"no such host": "https://no-such-host.invalid",
	} {
		t.Run(name, func(t *testing.T) {
			err := zones(t.Context(), secretive(t, url))
			if err == nil {
				t.Fatal("no error")
			}
			for _, secret := range []string{secretID, secretSecret, secretToken, "Signature%3D", "Signature=A"} {
				if text := fmt.Sprintf("%v %+v %#v", err, err, err.Error()); strings.Contains(text, secret) {
					t.Fatalf("it shows %s: %s", secret, text)
				}
			}
		})
	}
}
