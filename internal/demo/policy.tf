# The rules that everyone who changes the Service's traffic or its template is held to.
variable "freeze" {
  description = "Times in which nothing goes forward."
  type        = list(object({ name = string, from = string, to = string }))
  default     = []
}

resource "knative_rollout_policy" "careful" {
  name             = "careful"
  max_step_percent = 20

  dynamic "freeze" {
    for_each = var.freeze

    content {
      name = freeze.value.name
      from = freeze.value.from
      to   = freeze.value.to
    }
  }
}
