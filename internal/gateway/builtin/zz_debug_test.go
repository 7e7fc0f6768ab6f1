package builtin

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

func TestZZRandom(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("N"))
	logs := os.Getenv("LOGS") != ""
	r := rand.New(rand.NewPCG(uint64(n), 7))
	digits := regexp.MustCompile(`[0-9]+`)
	found := map[string][]byte{}
	count := map[string]int{}
	for range n {
		data := make([]byte, 4+r.IntN(200))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		data[1] |= 1
		func() {
			var v string
			defer func() {
				if p := recover(); p != nil {
					v = fmt.Sprint("PANIC ", p)
				}
				if v != "" {
					k := digits.ReplaceAllString(v, "0")
					k = regexp.MustCompile(`=.*\n`).ReplaceAllString(k, "\n")
					k = regexp.MustCompile(`= .*$`).ReplaceAllString(k, "")
					count[k]++
					if old, ok := found[k]; !ok || len(data) < len(old) {
						found[k] = data
					}
				}
			}()
			v = violation(data, logs)
		}()
	}
	for _, k := range slices.SortedFunc(maps.Keys(found), func(a, b string) int { return count[b] - count[a] })[:min(len(found), 40)] {
		fmt.Println(count[k], k)
		if os.Getenv("SHOW") != "" {
			s := &source{found[k]}
			fmt.Println("engine", s.byte()%8)
			b, _ := s.batch(logs)
			fmt.Println(b.Text())
			fmt.Println("VIOL", violation(found[k], logs))
		}
	}
}
