package main

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// imageFormat is part of the keys of what is made here: count it up when an image made from the same binary changes.
const imageFormat = "image format 1"

// imageRef is what a loaded image is called. Knative takes dev.local/ images as they are, without asking a registry.
func imageRef(name string) string { return "dev.local/" + name + ":1" }

// imageSet is a tarball of images, each of one binary of a program.
type imageSet struct {
	name     string
	program  string
	binaries []string
	prefix   string // of the images' names
}

// imageSets are in the order in which the start needs them.
var imageSets = []imageSet{
	{name: "pause", program: "small", binaries: []string{"pause"}},
	{name: "coredns", program: "coredns", binaries: []string{"coredns"}},
	{name: "knative", program: "knative", binaries: knativePrograms, prefix: "knative/"},
	{name: "traefik", program: "traefik", binaries: []string{"traefik"}},
	{name: "metrics-server", program: "metrics-server", binaries: []string{"metrics-server"}},
}

const imageTar = "images.tar"

// artifact is the tarball as something to be cached.
func (s imageSet) artifact(c config, program artifact) artifact {
	h := (&hasher{}).add(imageFormat, program.key, runtime.GOARCH)
	return artifact{name: s.name + "-images", key: h.key(), make: func(_ context.Context, dir string) error {
		all := map[name.Tag]v1.Image{}
		for _, b := range s.binaries {
			tag, err := name.NewTag(imageRef(s.prefix + b))
			if err != nil {
				return err
			}
			if all[tag], err = newImage(filepath.Join(program.dir(c), b)); err != nil {
				return err
			}
		}
		return tarball.MultiWriteToFile(filepath.Join(dir, imageTar), all)
	}}
}

// newImage makes an image of one static binary, at /ko-app/NAME as ko has it.
func newImage(binary string, env ...string) (v1.Image, error) {
	data, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	base := filepath.Base(binary)
	layer, err := layerOf(base, data)
	if err != nil {
		return nil, err
	}
	// Not compressed: it never leaves the machine, and taking it apart is on the way of every start.
	img, err := mutate.AppendLayers(empty.Image, static.NewLayer(layer, types.DockerUncompressedLayer))
	if err != nil {
		return nil, err
	}
	cf, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	cf = cf.DeepCopy()
	cf.OS, cf.Architecture = "linux", runtime.GOARCH
	cf.Config.Entrypoint = []string{"/ko-app/" + base}
	cf.Config.User = "65532:65532" // numeric, or kubelet cannot tell that it is not root
	cf.Config.Env = append([]string{"PATH=/ko-app", "HOME=/tmp"}, env...)
	return mutate.ConfigFile(img, cf)
}

func layerOf(base string, data []byte) ([]byte, error) {
	const passwd = "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"
	var buf bytes.Buffer
	tw := tar.NewWriter(&buf)
	for _, e := range []struct {
		name string
		mode int64
		data []byte
	}{
		{"ko-app/", 0o755, nil},
		{"tmp/", 0o1777, nil},
		{"etc/", 0o755, nil},
		{"etc/passwd", 0o644, []byte(passwd)},
		{"ko-app/" + base, 0o755, data},
	} {
		kind := byte(tar.TypeReg)
		if strings.HasSuffix(e.name, "/") {
			kind = tar.TypeDir
		}
		if err := tw.WriteHeader(&tar.Header{Name: e.name, Typeflag: kind, Mode: e.mode, Size: int64(len(e.data))}); err != nil {
			return nil, err
		}
		if _, err := io.Copy(tw, bytes.NewReader(e.data)); err != nil {
			return nil, err
		}
	}
	err := tw.Close()
	return buf.Bytes(), err
}

// importImages gives a tarball's images to containerd.
func importImages(ctx context.Context, tar string) error {
	cmd := exec.CommandContext(ctx, "ctr", "--address", containerdSock, "--namespace", "k8s.io", "images", "import", tar)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("import of %s: %w: %s", tar, err, lastLines(string(out), 5))
	}
	return nil
}
