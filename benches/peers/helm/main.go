// Renders charts with Helm's library, in one process, for comparison.
//
// Each line of standard input is a chart's folder, a tab, and a file of values or nothing; each line of standard output is
// the nanoseconds of one rendering, a tab, and the bytes of its output, or -1 where it failed. The last line is the peak
// of the process's memory in kB. A chart is read anew each time, since Helm changes it while it renders.
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
)

func render(folder, file string, version *chartutil.KubeVersion) int {
	chart, err := loader.Load(folder)
	if err != nil {
		return -1
	}
	values := map[string]interface{}{}
	if file != "" {
		if values, err = chartutil.ReadValuesFile(file); err != nil {
			return -1
		}
	}
	install := action.NewInstall(&action.Configuration{Log: func(string, ...interface{}) {}})
	install.ReleaseName = "rel"
	install.Namespace = "ns"
	install.DryRun = true
	install.Replace = true
	install.ClientOnly = true
	install.IncludeCRDs = true
	install.KubeVersion = version
	if chart.Metadata.Type != "" && chart.Metadata.Type != "application" {
		return -1
	}
	if err := action.CheckDependencies(chart, chart.Metadata.Dependencies); err != nil {
		return -1
	}
	release, err := install.Run(chart, values)
	if err != nil {
		return -1
	}
	size := len(strings.TrimSpace(release.Manifest)) + 1
	for _, hook := range release.Hooks {
		size += len("---\n# Source: \n\n") + len(hook.Path) + len(hook.Manifest)
	}
	return size
}

func main() {
	log.SetOutput(io.Discard)
	version, err := chartutil.ParseKubeVersion("1.34.0")
	if err != nil {
		log.Fatal(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		folder, file, _ := strings.Cut(lines.Text(), "\t")
		start := time.Now()
		size := render(folder, file, version)
		fmt.Printf("%d\t%d\n", time.Since(start).Nanoseconds(), size)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		fmt.Println("0")
		return
	}
	for _, line := range strings.Split(string(status), "\n") {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			fmt.Println(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
		}
	}
}
