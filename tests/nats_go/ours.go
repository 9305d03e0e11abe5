// Put into nats-server's own package for its tests: clients of a server that a test starts get the address of one of ours.

package server

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"sync"
)

type oursProcess struct {
	command *exec.Cmd
	url     string
}

var ours sync.Map // from *Server to *oursProcess

// Starts ours beside s, and waits until it listens.
func startOurs(s *Server, storeDir string) *Server {
	command := exec.Command(os.Getenv("SERVER_BIN"), "-a", "127.0.0.1", "-p", "-1", "-js", "-sd", storeDir)
	output, err := command.StderrPipe()
	if err != nil {
		panic(err)
	}
	if err := command.Start(); err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(output)
	process := &oursProcess{command: command}
	for lines.Scan() && !strings.Contains(lines.Text(), "Server is ready") {
		if _, address, found := strings.Cut(lines.Text(), "client connections on "); found {
			process.url = "nats://" + address
		}
	}
	go func() {
		for lines.Scan() {
		}
	}()
	ours.Store(s, process)
	return s
}

func oursURL(s *Server) (string, bool) {
	if process, found := ours.Load(s); found {
		return process.(*oursProcess).url, true
	}
	return "", false
}

func stopOurs(s *Server) {
	if process, found := ours.LoadAndDelete(s); found {
		process.(*oursProcess).command.Process.Kill()
		process.(*oursProcess).command.Wait()
	}
}
