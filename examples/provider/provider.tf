terraform {
  required_providers {
    knative = {
      source = "knative-provider/knative"
    }
  }
}

# Every setting has an environment variable (KUBE_CONFIG_PATH, KUBE_HOST, KUBE_TOKEN, …), so this block may be empty.
provider "knative" {
  config_path    = "~/.kube/config"
  config_context = "production"
  namespace      = "shop" # of resources that name none
}
