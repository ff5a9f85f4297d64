package plane

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// probe asks a backend once whether it is well.
func (c *CheckConfig) probe(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	if c.Port != 0 {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		address = net.JoinHostPort(host, strconv.Itoa(c.Port))
	}
	switch c.Protocol {
	case "HTTP", "HTTPS":
		return c.probeHTTP(ctx, address)
	case "gRPC":
		return c.probeGRPC(ctx, address)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// prober never reuses a connection, so that each probe finds out whether there can be one.
var prober = &http.Client{
	Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // ALB does not verify its backends' certificates
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (c *CheckConfig) probeHTTP(ctx context.Context, address string) error {
	url := strings.ToLower(c.Protocol) + "://" + address + c.Path
	req, err := http.NewRequestWithContext(ctx, c.Method, url, http.NoBody)
	if err != nil {
		return err
	}
	req.Host = c.Host
	req.Header.Set("User-Agent", "SLBHealthCheck")
	resp, err := prober.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	class := fmt.Sprintf("http_%dxx", resp.StatusCode/100)
	if !slices.Contains(c.Codes, class) {
		return fmt.Errorf("answered %d, which is not of %s", resp.StatusCode, strings.Join(c.Codes, ", "))
	}
	return nil
}

func (c *CheckConfig) probeGRPC(ctx context.Context, address string) error {
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_, err = grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	code := strconv.Itoa(int(status.Code(err)))
	if !slices.Contains(c.Codes, code) {
		return fmt.Errorf("answered the gRPC code %s, which is not of %s", code, strings.Join(c.Codes, ", "))
	}
	return nil
}
