package plugin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"k8s.io/apimachinery/pkg/types"
)

// Secrets reads a Secret's data as it is now.
type Secrets func(ctx context.Context, name types.NamespacedName) (map[string][]byte, error)

// Connections are those to plugins: one for each address and Secret, however many policies use it.
type Connections struct {
	// Secrets reads those that policies name.
	Secrets Secrets

	mu     sync.Mutex
	opened map[endpoint]*connection
}

// endpoint is where a connection leads, and by whose certificates; it has no secret where it is not encrypted.
type endpoint struct {
	address string
	secret  types.NamespacedName
}

// connection is shared; whoever opened it releases it.
type connection struct {
	*grpc.ClientConn
	of    *Connections
	key   endpoint
	users int
}

// maxAnswer is how large an answer may be.
const maxAnswer = 1 << 20

// open shares the connection that there is, or makes one. It contacts nobody.
func (c *Connections) open(key endpoint) (*connection, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if shared := c.opened[key]; shared != nil {
		shared.users++
		return shared, nil
	}
	transport := insecure.NewCredentials()
	if key.secret.Name != "" {
		transport = &secretTLS{read: c.Secrets, secret: key.secret}
	}
	conn, err := grpc.NewClient("dns:///"+key.address, // no other scheme: a policy is not to lead to this Pod's own sockets
		grpc.WithTransportCredentials(transport),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: time.Second, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Minute},
			MinConnectTimeout: 5 * time.Second,
		}),
		// As seldom as a server has to take it; what it is for is that an unanswered question ends a dead connection in 20 s.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 5 * time.Minute, Timeout: 20 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)),
		grpc.WithDisableServiceConfig(),
	)
	if err != nil {
		return nil, fmt.Errorf("the address %q: %w", key.address, err)
	}
	if c.opened == nil {
		c.opened = map[endpoint]*connection{}
	}
	made := &connection{conn, c, key, 1}
	c.opened[key] = made
	return made, nil
}

func (c *connection) release() {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	if c.users--; c.users == 0 {
		delete(c.of.opened, c.key)
		_ = c.Close()
	}
}

// secretTLS are the credentials in a Secret, read each time a connection is made: a certificate that was renewed is used by the next.
type secretTLS struct {
	read   Secrets
	secret types.NamespacedName
}

// ClientHandshake is credentials.TransportCredentials'.
func (s *secretTLS) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	data, err := s.read(ctx, s.secret)
	if err != nil {
		return nil, nil, fmt.Errorf("reading Secret %s: %w", s.secret, err)
	}
	cfg, err := tlsConfig(data)
	if err != nil {
		return nil, nil, fmt.Errorf("the Secret %s: %w", s.secret, err)
	}
	return credentials.NewTLS(cfg).ClientHandshake(ctx, authority, raw)
}

// ServerHandshake is never asked for.
func (s *secretTLS) ServerHandshake(net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errors.New("these are a client's credentials")
}

// Info says that it is TLS.
func (s *secretTLS) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "tls"}
}

// Clone is s, which never changes.
func (s *secretTLS) Clone() credentials.TransportCredentials { return s }

// OverrideServerName does nothing: the name is the address's.
func (s *secretTLS) OverrideServerName(string) error { return nil }

// tlsConfig takes tls.crt, tls.key and ca.crt of a Secret, and nothing else. Its errors show nothing of what is in them.
func tlsConfig(secret map[string][]byte) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	ca, cert, key := secret["ca.crt"], secret["tls.crt"], secret["tls.key"]
	if len(ca) == 0 && len(cert) == 0 {
		return nil, errors.New("it has no ca.crt, and no tls.crt with tls.key")
	}
	if len(ca) > 0 {
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(ca) {
			return nil, errors.New("its ca.crt holds no certificate in PEM")
		}
	}
	if len(cert) > 0 {
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return nil, errors.New("its tls.crt and tls.key are no certificate with its key in PEM")
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}
