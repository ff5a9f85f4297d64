package plugin

import (
	"context"
	"net"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	pb "github.com/knative-provider/terraform-provider-knative/internal/scaling/externalscaler"
)

// scaler is a plugin that says what a test tells it to, over a real connection.
type scaler struct {
	pb.UnimplementedExternalScalerServer
	address string

	mu      sync.Mutex
	active  bool
	specs   []*pb.MetricSpec
	values  []*pb.MetricValue
	fails   error         // every call
	slow    chan struct{} // every call waits for it, or for its own end
	asked   []*pb.ScaledObjectRef
	pushes  chan bool // nil is a plugin that does not push
	streams int
	server  *grpc.Server
}

// serve starts a plugin with one metric. It is active, with a value of 0 and a target of 5.
func serve(t *testing.T, transport credentials.TransportCredentials) *scaler {
	t.Helper()
	s := &scaler{
		active: true, specs: []*pb.MetricSpec{{MetricName: "queue", TargetSize: 5}}, values: []*pb.MetricValue{{MetricName: "queue"}},
	}
	s.start(t, "127.0.0.1:0", transport)
	return s
}

// start listens at an address: that of before, after a restart.
func (s *scaler) start(t *testing.T, address string, transport credentials.TransportCredentials) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if transport == nil {
		transport = insecure.NewCredentials()
	}
	s.address = l.Addr().String()
	s.server = grpc.NewServer(grpc.Creds(transport))
	pb.RegisterExternalScalerServer(s.server, s)
	go func() { _ = s.server.Serve(l) }()
	t.Cleanup(s.server.Stop)
}

// set changes what the plugin says.
func (s *scaler) set(change func(*scaler)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *scaler) setValue(v float64) {
	s.set(func(s *scaler) { s.values = []*pb.MetricValue{{MetricName: "queue", MetricValueFloat: v}} })
}

func (s *scaler) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

func (s *scaler) call(ctx context.Context, ref *pb.ScaledObjectRef) error {
	s.mu.Lock()
	s.asked = append(s.asked, ref)
	fails, slow := s.fails, s.slow
	s.mu.Unlock()
	if slow != nil {
		select {
		case <-slow:
		case <-ctx.Done():
		}
	}
	return fails
}

func (s *scaler) IsActive(ctx context.Context, ref *pb.ScaledObjectRef) (*pb.IsActiveResponse, error) {
	err := s.call(ctx, ref)
	s.mu.Lock()
	defer s.mu.Unlock()
	return &pb.IsActiveResponse{Result: s.active}, err
}

func (s *scaler) GetMetricSpec(ctx context.Context, ref *pb.ScaledObjectRef) (*pb.GetMetricSpecResponse, error) {
	err := s.call(ctx, ref)
	s.mu.Lock()
	defer s.mu.Unlock()
	return &pb.GetMetricSpecResponse{MetricSpecs: s.specs}, err
}

func (s *scaler) GetMetrics(ctx context.Context, req *pb.GetMetricsRequest) (*pb.GetMetricsResponse, error) {
	err := s.call(ctx, req.GetScaledObjectRef())
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &pb.GetMetricsResponse{}
	for _, v := range s.values {
		if v.GetMetricName() == req.GetMetricName() {
			out.MetricValues = append(out.MetricValues, v)
		}
	}
	return out, err
}

func (s *scaler) StreamIsActive(_ *pb.ScaledObjectRef, stream grpc.ServerStreamingServer[pb.IsActiveResponse]) error {
	s.mu.Lock()
	pushes := s.pushes
	s.streams++
	s.mu.Unlock()
	if pushes == nil {
		return status.Error(codes.Unimplemented, "method StreamIsActive not implemented")
	}
	for {
		select {
		case <-stream.Context().Done():
			return stream.Context().Err()
		case active, open := <-pushes:
			if !open {
				return nil
			}
			if err := stream.Send(&pb.IsActiveResponse{Result: active}); err != nil {
				return err
			}
		}
	}
}
