// Command plugin-queue-length is a queue over HTTP, and the plugin that scales its consumers: a whole external scaler. Try it:
//
//	go run ./examples/plugin-queue-length &
//	curl -X POST -d 'an order' localhost:8080/orders    # puts a message in
//	curl -X DELETE localhost:8080/orders                # takes the oldest out
//
// main.tf has a Service scaled by it. Outside of this repository, generate externalscaler from KEDA's externalscaler.proto.
package main

import (
	"context"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/knative-provider/terraform-provider-knative/internal/scaling/externalscaler"
)

// queues are messages by the name of their queue.
type queues struct {
	pb.UnimplementedExternalScalerServer
	mu       sync.Mutex
	messages map[string][]string
}

func main() {
	scaler := flag.String("scaler", ":6000", "where the guard asks for the queues' lengths, by gRPC")
	queue := flag.String("queue", ":8080", "where messages are put in and taken out, by HTTP")
	flag.Parse()
	q := &queues{messages: map[string][]string{}}
	http.HandleFunc("POST /{queue}", q.put)
	http.HandleFunc("DELETE /{queue}", q.take)
	go func() { log.Fatal(http.ListenAndServe(*queue, nil)) }() //nolint:gosec // an example that trusts who calls it
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", *scaler)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterExternalScalerServer(server, q)
	log.Fatal(server.Serve(l))
}

// IsActive says whether there is anything to do at all: without it, no Pod is asked for.
func (q *queues) IsActive(_ context.Context, ref *pb.ScaledObjectRef) (*pb.IsActiveResponse, error) {
	n, err := q.length(ref)
	return &pb.IsActiveResponse{Result: n > 0}, err
}

// GetMetricSpec says for how many messages one Pod is, where the policy's target does not.
func (q *queues) GetMetricSpec(context.Context, *pb.ScaledObjectRef) (*pb.GetMetricSpecResponse, error) {
	return &pb.GetMetricSpecResponse{MetricSpecs: []*pb.MetricSpec{{MetricName: "length", TargetSizeFloat: 10}}}, nil
}

// GetMetrics says how many messages there are.
func (q *queues) GetMetrics(_ context.Context, req *pb.GetMetricsRequest) (*pb.GetMetricsResponse, error) {
	n, err := q.length(req.GetScaledObjectRef())
	return &pb.GetMetricsResponse{MetricValues: []*pb.MetricValue{{MetricName: "length", MetricValueFloat: float64(n)}}}, err
}

// length is that of the queue which the policy's metadata names.
func (q *queues) length(ref *pb.ScaledObjectRef) (int, error) {
	name := ref.GetScalerMetadata()["queue"]
	if name == "" {
		return 0, status.Error(codes.InvalidArgument, `metadata names no queue: write metadata = { queue = "orders" }`)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.messages[name]), nil
}

func (q *queues) put(_ http.ResponseWriter, r *http.Request) {
	message, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	q.mu.Lock()
	defer q.mu.Unlock()
	q.messages[r.PathValue("queue")] = append(q.messages[r.PathValue("queue")], string(message))
}

func (q *queues) take(w http.ResponseWriter, r *http.Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	waiting := q.messages[r.PathValue("queue")]
	if len(waiting) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	q.messages[r.PathValue("queue")] = waiting[1:]
	_, _ = io.WriteString(w, waiting[0])
}
