// SPDX-License-Identifier: MIT OR Apache-2.0
package main

import "fmt"
import "time"

func main() {
	now, none := uint64(time.Now().UnixMilli()), []byte(nil)
	alices, bobs := NewStore(), NewStore()
	alice := GenerateAccount("alice", 1).CommitTo(alices)
	bob := GenerateAccount("bob", 1).CommitTo(bobs)
	upload := bob.Maintain(0, 0, now).CommitTo(bobs)
	withBob := alice.NewSession("bob", 1)
	withBob.Initiate(alice, upload.NextBundle(), none, now).CommitTo(alices)
	message := withBob.Encrypt([]byte("hello"), none, now).CommitTo(alices)
	withAlice := bob.NewSession("alice", 1)
	text := bob.Receive(withAlice, message.Kind(), message.MessageBytes(), none).CommitTo(bobs)
	fmt.Printf("Bob reads %q.\n", text.Bytes())
}
