# Plugins: at least one Pod for each 5 messages that wait in a queue, and for each 100 of a consumer's lag. Beside them the Service's own
# metric counts: the larger wins.
resource "knative_scaling_policy" "consumer" {
  name = "consumer"
  max  = 40

  target {
    kind = "Service"
    name = "consumer"
  }

  # Whatever speaks KEDA's external scaler protocol.
  plugins {
    name   = "queue"
    target = "5"

    external {
      address  = "queue-length.default.svc:6000"
      metadata = { queue = "orders" }
    }
  }

  plugins {
    name          = "lag"
    target        = "100"
    interval      = "30s"
    stabilization = "2m"  # the largest of the last 2 minutes counts
    keep_last     = "10m" # so long the last value counts while Prometheus does not answer

    prometheus {
      address = "http://prometheus.monitoring.svc:9090"
      query   = "sum(kafka_consumergroup_lag{consumergroup=\"orders\"})"
    }
  }
}
