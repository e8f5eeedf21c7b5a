// Builds kustomizations with the kustomize library, in one process, for comparison.
//
// Each line of standard input is a folder, a tab, and its load restrictor; each line of standard output is the
// nanoseconds of one build, a tab, and the bytes of its output, or -1 where it failed. The last line is the peak of the
// process's memory in kB.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"time"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func build(folder, restrictor string) int {
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	if restrictor == "LoadRestrictionsNone" {
		options.LoadRestrictions = types.LoadRestrictionsNone
	}
	resources, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return -1
	}
	text, err := resources.AsYaml()
	if err != nil {
		return -1
	}
	return len(text)
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		folder, restrictor, _ := strings.Cut(lines.Text(), "\t")
		start := time.Now()
		size := build(folder, restrictor)
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
