// Asks the library that policy-controller has whether documents meet conditions, in the way in which it asks.
//
// Reads {"policy": "…", "documents": ["…", …]} for each condition, and answers with a list: an empty text for each
// document that passes, and what is wrong with each other.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"cuelang.org/go/cue/cuecontext"
)

type question struct {
	Policy    string   `json:"policy"`
	Documents []string `json:"documents"`
}

func answer(policy, document string) (said string) {
	defer func() {
		if failure := recover(); failure != nil {
			said = fmt.Sprintf("panic: %v", failure)
		}
	}()
	context := cuecontext.New()
	wanted := context.CompileString(policy)
	if err := wanted.Err(); err != nil {
		return err.Error()
	}
	found := context.CompileBytes([]byte(document))
	if err := found.Err(); err != nil {
		return err.Error()
	}
	if err := wanted.Unify(found).Validate(); err != nil {
		return err.Error()
	}
	return ""
}

func main() {
	questions, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var next question
		if questions.Decode(&next) != nil {
			return
		}
		said := make([]string, len(next.Documents))
		for n, document := range next.Documents {
			said[n] = answer(next.Policy, document)
		}
		if answers.Encode(said) != nil {
			os.Exit(1)
		}
	}
}
