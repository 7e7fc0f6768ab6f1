package testbed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// tokenSeconds is how long a pod's token is valid; the test is over long before.
const tokenSeconds = 3600

// pod is what a kubelet reads of a Pod to run its one container.
type pod struct {
	Metadata struct {
		Name              string            `json:"name"`
		Namespace         string            `json:"namespace"`
		UID               string            `json:"uid"`
		Labels            map[string]string `json:"labels"`
		DeletionTimestamp string            `json:"deletionTimestamp"`
	} `json:"metadata"`
	Spec struct {
		NodeName           string         `json:"nodeName"`
		ServiceAccountName string         `json:"serviceAccountName"`
		Containers         []podContainer `json:"containers"`
		Volumes            []podVolume    `json:"volumes"`
	} `json:"spec"`
}

type podContainer struct {
	Name         string   `json:"name"`
	Image        string   `json:"image"`
	Args         []string `json:"args"`
	Env          []podEnv `json:"env"`
	VolumeMounts []struct {
		Name      string `json:"name"`
		MountPath string `json:"mountPath"`
	} `json:"volumeMounts"`
}

type podEnv struct {
	Name      string `json:"name"`
	Value     string `json:"value"`
	ValueFrom *struct {
		FieldRef struct {
			FieldPath string `json:"fieldPath"`
		} `json:"fieldRef"`
	} `json:"valueFrom"`
}

// podVolume is one of the kinds of volume that kgateway's proxies have.
type podVolume struct {
	Name      string `json:"name"`
	ConfigMap *struct {
		Name string `json:"name"`
	} `json:"configMap"`
	DownwardAPI *struct {
		Items []struct {
			Path     string `json:"path"`
			FieldRef struct {
				FieldPath string `json:"fieldPath"`
			} `json:"fieldRef"`
		} `json:"items"`
	} `json:"downwardAPI"`
	Projected *struct {
		Sources []struct {
			ServiceAccountToken *struct {
				Audience string `json:"audience"`
				Path     string `json:"path"`
			} `json:"serviceAccountToken"`
		} `json:"sources"`
	} `json:"projected"`
}

func (p *pod) path() string {
	return "/api/v1/namespaces/" + url.PathEscape(p.Metadata.Namespace) + "/pods/" + url.PathEscape(p.Metadata.Name)
}

// waitingPod returns the pod of the selection that waits for a node. There is none before the controllers have made it.
func (c *Client) waitingPod(ctx context.Context, namespace, labelSelector string) (*pod, error) {
	var list struct{ Items []pod }
	path := "/api/v1/namespaces/" + url.PathEscape(namespace) + "/pods?labelSelector=" + url.QueryEscape(labelSelector)
	if err := c.Get(ctx, path, &list); err != nil {
		return nil, err
	}
	at := slices.IndexFunc(list.Items, func(p pod) bool {
		return p.Spec.NodeName == "" && p.Metadata.DeletionTimestamp == ""
	})
	if at < 0 {
		return nil, fmt.Errorf("%d pods with %s in %s, none waits for a node", len(list.Items), labelSelector, namespace)
	}
	return &list.Items[at], nil
}

// bind does the scheduler's part and reads the pod again: binding gives it the node's topology labels.
func (c *Client) bind(ctx context.Context, p *pod, node string) error {
	binding := map[string]any{
		"apiVersion": "v1",
		"kind":       "Binding",
		"metadata":   map[string]string{"name": p.Metadata.Name, "namespace": p.Metadata.Namespace},
		"target":     map[string]string{"apiVersion": "v1", "kind": "Node", "name": node},
	}
	if err := c.Create(ctx, p.path()+"/binding", binding, nil); err != nil {
		return err
	}
	return c.Get(ctx, p.path(), p)
}

// environment expands a container's environment by the downward API and by its own earlier variables.
func (p *pod) environment(c podContainer) (map[string]string, error) {
	env := make(map[string]string, len(c.Env))
	for _, e := range c.Env {
		if e.ValueFrom == nil {
			env[e.Name] = expandVariables(e.Value, env)
			continue
		}
		value, err := p.field(e.ValueFrom.FieldRef.FieldPath)
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", e.Name, err)
		}
		env[e.Name] = value
	}
	return env, nil
}

// field is a field reference of the downward API.
func (p *pod) field(path string) (string, error) {
	switch path {
	case "metadata.name":
		return p.Metadata.Name, nil
	case "metadata.namespace":
		return p.Metadata.Namespace, nil
	case "metadata.uid":
		return p.Metadata.UID, nil
	case "spec.nodeName":
		return p.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return p.Spec.ServiceAccountName, nil
	case "metadata.labels":
		var b strings.Builder
		for i, k := range slices.Sorted(maps.Keys(p.Metadata.Labels)) {
			if i > 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "%s=%q", k, p.Metadata.Labels[k]) // Kubernetes, pkg/fieldpath, FormatMap
		}
		return b.String(), nil
	}
	return "", fmt.Errorf("field %q is not one the harness knows", path)
}

// variable is a reference to an environment variable as Kubernetes writes it.
var variable = regexp.MustCompile(`\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)`)

// expandVariables replaces references to the variables there are; others stay as they are, as Kubernetes leaves them.
func expandVariables(text string, env map[string]string) string {
	return variable.ReplaceAllStringFunc(text, func(reference string) string {
		if value, ok := env[reference[2:len(reference)-1]]; ok {
			return value
		}
		return reference
	})
}

// writeVolumes writes the files of every volume a container mounts below root.
func (c *Client) writeVolumes(ctx context.Context, p *pod, container podContainer, root string) error {
	for _, mount := range container.VolumeMounts {
		at := slices.IndexFunc(p.Spec.Volumes, func(v podVolume) bool { return v.Name == mount.Name })
		if at < 0 {
			return fmt.Errorf("volume %q: the pod has no such volume", mount.Name)
		}
		files, err := c.volume(ctx, p, p.Spec.Volumes[at])
		if err != nil {
			return fmt.Errorf("volume %q: %w", mount.Name, err)
		}
		for name, content := range files {
			if err := writeFile(filepath.Join(root, mount.MountPath, name), content); err != nil {
				return fmt.Errorf("volume %q: %w", mount.Name, err)
			}
		}
	}
	return nil
}

// volume returns the files of a volume.
func (c *Client) volume(ctx context.Context, p *pod, v podVolume) (map[string]string, error) {
	files := make(map[string]string)
	switch {
	case v.ConfigMap != nil:
		var object struct{ Data map[string]string }
		path := "/api/v1/namespaces/" + p.Metadata.Namespace + "/configmaps/" + url.PathEscape(v.ConfigMap.Name)
		if err := c.Get(ctx, path, &object); err != nil {
			return nil, err
		}
		return object.Data, nil
	case v.DownwardAPI != nil:
		for _, item := range v.DownwardAPI.Items {
			value, err := p.field(item.FieldRef.FieldPath)
			if err != nil {
				return nil, err
			}
			files[item.Path] = value
		}
		return files, nil
	case v.Projected != nil:
		for _, source := range v.Projected.Sources {
			if source.ServiceAccountToken == nil {
				return nil, errors.New("projected source is not one the harness knows, want serviceAccountToken")
			}
			token, err := c.boundToken(ctx, p, source.ServiceAccountToken.Audience)
			if err != nil {
				return nil, err
			}
			files[source.ServiceAccountToken.Path] = token
		}
		return files, nil
	}
	return nil, errors.New("not a kind the harness knows, want configMap, downwardAPI or projected")
}

// boundToken asks for a token of the pod's ServiceAccount that is valid as long as the pod exists.
func (c *Client) boundToken(ctx context.Context, p *pod, audience string) (string, error) {
	request := map[string]any{
		"apiVersion": "authentication.k8s.io/v1",
		"kind":       "TokenRequest",
		"spec": map[string]any{
			"audiences":         []string{audience},
			"expirationSeconds": tokenSeconds,
			"boundObjectRef": map[string]string{
				"apiVersion": "v1", "kind": "Pod", "name": p.Metadata.Name, "uid": p.Metadata.UID,
			},
		},
	}
	var answer struct{ Status struct{ Token string } }
	path := "/api/v1/namespaces/" + p.Metadata.Namespace + "/serviceaccounts/" + p.Spec.ServiceAccountName + "/token"
	if err := c.Create(ctx, path, request, &answer); err != nil {
		return "", err
	}
	return answer.Status.Token, nil
}

// setRunning reports that the pod's containers run and are ready, at the address.
func (c *Client) setRunning(ctx context.Context, p *pod, address string) error {
	var containers []map[string]any
	for _, container := range p.Spec.Containers {
		containers = append(containers, map[string]any{
			"name": container.Name, "image": container.Image, "imageID": container.Image,
			"ready": true, "started": true, "restartCount": 0,
			"state": map[string]any{"running": map[string]any{}},
		})
	}
	return c.PatchStatus(ctx, p.path(), map[string]any{
		"phase":  "Running",
		"hostIP": proxyNodeAddress,
		"podIP":  address,
		"podIPs": []map[string]string{{"ip": address}},
		"conditions": []map[string]string{
			{"type": "PodScheduled", "status": "True"},
			{"type": "Ready", "status": "True"},
		},
		"containerStatuses": containers,
	})
}

func writeFile(path, content string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o600)
}
