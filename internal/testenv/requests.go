package testenv

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// Client sends requests to the URLs that Knative prints. Names under localhost lead to this machine (RFC 6761), where the
// bed's ingress listens; KNATIVE_INGRESS (host:port) sends all of them there instead, for a cluster whose domain is in no DNS.
func Client() *http.Client { return ClientBy(os.Getenv("KNATIVE_INGRESS")) }

// ClientBy sends all requests to an ingress (host:port), whatever their URLs; those of Client where it is empty.
func ClientBy(ingress string) *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &http.Client{
		Timeout: 30 * time.Second,
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 16,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				host, port, _ := net.SplitHostPort(address)
				if ingress != "" {
					address = ingress
				} else if strings.HasSuffix(host, ".localhost") {
					address = net.JoinHostPort("127.0.0.1", port)
				}
				return dialer.DialContext(ctx, network, address)
			},
		},
	}
}

// Answer is the first line of the answer to one GET; any status but 200 is an error.
func Answer(ctx context.Context, client *http.Client, url string) (string, error) {
	body, err := Get(ctx, client, url)
	line, _, _ := strings.Cut(body, "\n")
	return line, err
}

// Get is the whole answer to one GET; any status but 200 is an error, with the first line of what came.
func Get(ctx context.Context, client *http.Client, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		line, _, _ := strings.Cut(string(body), "\n")
		return "", fmt.Errorf("GET %s: %s: %s", url, resp.Status, line)
	}
	return string(body), nil
}

// Sample sends n requests, a few at a time, and counts the answers.
func Sample(ctx context.Context, client *http.Client, url string, n int) (map[string]int, error) {
	const workers = 8
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	counts := map[string]int{}
	var failed error
	todo := make(chan struct{}, n)
	for range n {
		todo <- struct{}{}
	}
	close(todo)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range todo {
				answer, err := Answer(ctx, client, url)
				mu.Lock()
				if err != nil && failed == nil {
					failed = err
				}
				counts[answer]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return counts, failed
}
