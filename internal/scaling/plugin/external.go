package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling/demand"
	pb "github.com/knative-provider/terraform-provider-knative/internal/scaling/externalscaler"
)

// external is a server of KEDA's external scaler protocol.
type external struct {
	ref        *pb.ScaledObjectRef
	target     float64 // of every metric; 0 is the scaler's own
	timeout    time.Duration
	connection *connection
	client     pb.ExternalScalerClient
}

// pushing is one that is to say by itself when it is active.
type pushing struct{ *external }

func newExternal(policy types.NamespacedName, spec *v1alpha1.ExternalScaler, target float64, timeout time.Duration, connections *Connections) (asker, error) {
	key := endpoint{address: spec.Address}
	if spec.TLSSecret != "" {
		key.secret = types.NamespacedName{Namespace: policy.Namespace, Name: spec.TLSSecret}
	}
	c, err := connections.open(key)
	if err != nil {
		return nil, err
	}
	e := &external{
		ref:    &pb.ScaledObjectRef{Name: policy.Name, Namespace: policy.Namespace, ScalerMetadata: spec.Metadata},
		target: target, timeout: timeout, connection: c, client: pb.NewExternalScalerClient(c),
	}
	if spec.Push {
		return pushing{e}, nil
	}
	return e, nil
}

// ask asks for the state and for each metric, and takes the largest of what they ask for, as KEDA does:
//
//	active   ⌈value / target⌉   Pods
//	no       –                  0
//	yes      0                  1
//	yes      more               so many
func (e *external) ask(ctx context.Context) (reading, error) {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	e.connection.ResetConnectBackoff() // now is when it is asked, however long ago gRPC last failed to connect
	active, err := e.client.IsActive(ctx, e.ref, grpc.WaitForReady(true))
	switch {
	case err != nil:
		return reading{}, failed("IsActive", err)
	case !active.GetResult():
		return reading{0, "not active"}, nil
	}
	specs, err := e.client.GetMetricSpec(ctx, e.ref)
	switch {
	case err != nil:
		return reading{}, failed("GetMetricSpec", err)
	case len(specs.GetMetricSpecs()) == 0:
		return reading{}, errors.New("GetMetricSpec gave no metric")
	}
	most := reading{pods: 1}
	var values []string
	for _, spec := range specs.GetMetricSpecs() {
		value, err := e.value(ctx, spec.GetMetricName())
		if err != nil {
			return reading{}, err
		}
		pods, err := demand.Pods(value, e.targetOf(spec))
		if err != nil {
			return reading{}, fmt.Errorf("metric %q: %w", spec.GetMetricName(), err)
		}
		most.pods, values = max(most.pods, pods), append(values, number(value))
	}
	most.value = strings.Join(values, ", ")
	return most, nil
}

// value is what a metric is now: the sum of what is given for it, as an HPA adds up the series of an external metric.
func (e *external) value(ctx context.Context, metric string) (float64, error) {
	answer, err := e.client.GetMetrics(ctx, &pb.GetMetricsRequest{ScaledObjectRef: e.ref, MetricName: metric})
	switch {
	case err != nil:
		return 0, failed("GetMetrics", err)
	case len(answer.GetMetricValues()) == 0:
		return 0, fmt.Errorf("GetMetrics gave no value of %q", metric)
	}
	sum := 0.0
	for _, v := range answer.GetMetricValues() {
		value := v.GetMetricValueFloat()
		if value == 0 { // NaN is not 0, and is to be seen
			value = float64(v.GetMetricValue())
		}
		if value < 0 { // it must not be made up for by another
			return value, nil
		}
		sum += value
	}
	return sum, nil
}

func (e *external) targetOf(spec *pb.MetricSpec) float64 {
	switch {
	case e.target != 0:
		return e.target
	case spec.GetTargetSizeFloat() != 0:
		return spec.GetTargetSizeFloat()
	}
	return float64(spec.GetTargetSize())
}

func (e *external) close() { e.connection.release() }

func (p pushing) watch(ctx context.Context, said func(active bool)) error {
	stream, err := p.client.StreamIsActive(ctx, p.ref, grpc.WaitForReady(true))
	for err == nil {
		var active *pb.IsActiveResponse
		if active, err = stream.Recv(); err == nil {
			said(active.GetResult())
		}
	}
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("StreamIsActive: the plugin ended it")
	case status.Code(err) == codes.Unimplemented:
		return errNoPush
	}
	return failed("StreamIsActive", err)
}

// errNoPush is of a plugin that cannot push.
var errNoPush = errors.New("StreamIsActive: the plugin does not have it; take push out of the policy")

// failed tells why a call failed, without gRPC's wrapping, and not at length: a plugin can say what it likes.
func failed(call string, err error) error {
	s := status.Convert(err)
	text := s.Message()
	if _, cause, ok := strings.Cut(text, "latest balancer error: "); ok {
		text = cause // it could not even connect
	} else if s.Code() == codes.DeadlineExceeded {
		text = "no answer in time"
	}
	text = strings.TrimPrefix(text, "connection error: desc = ")
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if r := []rune(text); len(r) > longest {
		text = string(r[:longest]) + "…"
	}
	return fmt.Errorf("%s: %s", call, strings.Trim(text, `"`))
}

// longest is how much is shown of what a plugin says.
const longest = 200
