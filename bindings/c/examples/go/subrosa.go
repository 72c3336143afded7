// SPDX-License-Identifier: MIT OR Apache-2.0

// A part of subrosa.h as a Go program would wrap it: handles are freed by finalizers, errors panic with their name.
package main

// #cgo CFLAGS: -I../../include
// #cgo LDFLAGS: -lsubrosa_c
// #include "subrosa.h"
// #include <stdlib.h>
import "C"

import (
	"runtime"
	"unsafe"
)

// Handle is an account, session, stage or other object.
type Handle struct{ handle C.SubrosaHandle }

func own(handle C.SubrosaHandle) *Handle {
	owned := &Handle{handle}
	runtime.SetFinalizer(owned, func(owned *Handle) { C.subrosa_free(owned.handle) })
	return owned
}

func check(code C.enum_SubrosaCode) {
	if code != C.SUBROSA_CODE_OK {
		panic(C.GoString(C.subrosa_code_name(C.uint32_t(code))))
	}
}

// with hands a copy in C's memory to a call: C may not hold a pointer to a structure with a pointer of Go's.
func with(bytes []byte, call func(C.struct_SubrosaBytes)) {
	if len(bytes) == 0 {
		call(C.struct_SubrosaBytes{})
		return
	}
	copied := C.CBytes(bytes)
	defer C.free(copied)
	call(C.struct_SubrosaBytes{data: (*C.uint8_t)(copied), length: C.size_t(len(bytes))})
}

func read(fill func(*C.struct_SubrosaBuffer) C.enum_SubrosaCode) []byte {
	buffer := C.struct_SubrosaBuffer{}
	if code := fill(&buffer); code != C.SUBROSA_CODE_BUFFER_TOO_SMALL {
		check(code)
		return nil
	}
	length := buffer.length
	buffer.data, buffer.capacity = (*C.uint8_t)(C.malloc(length)), length
	defer C.free(unsafe.Pointer(buffer.data))
	check(fill(&buffer))
	return C.GoBytes(unsafe.Pointer(buffer.data), C.int(buffer.length))
}

func made(call func(out *C.SubrosaHandle) C.enum_SubrosaCode) *Handle {
	var out C.SubrosaHandle
	check(call(&out))
	return own(out)
}

func named(name string, call func(*C.char)) {
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	call(text)
}

func NewStore() *Handle {
	return made(func(out *C.SubrosaHandle) C.enum_SubrosaCode { return C.subrosa_store_new(out) })
}

func GenerateAccount(name string, device uint32) (stage *Handle) {
	named(name, func(name *C.char) {
		stage = made(func(out *C.SubrosaHandle) C.enum_SubrosaCode {
			return C.subrosa_account_generate(name, C.uint32_t(device), C.subrosa_account_options(), out)
		})
	})
	return
}

func (stage *Handle) CommitTo(store *Handle) *Handle {
	return made(func(out *C.SubrosaHandle) C.enum_SubrosaCode {
		return C.subrosa_stage_commit_to(stage.handle, store.handle, out)
	})
}

func (account *Handle) Maintain(oneTime, oneTimeKem uint32, now uint64) *Handle {
	return made(func(out *C.SubrosaHandle) C.enum_SubrosaCode {
		return C.subrosa_account_maintain(account.handle, C.uint32_t(oneTime), C.uint32_t(oneTimeKem), C.uint64_t(now), out)
	})
}

func (account *Handle) NewSession(name string, device uint32) (session *Handle) {
	named(name, func(name *C.char) {
		session = made(func(out *C.SubrosaHandle) C.enum_SubrosaCode {
			return C.subrosa_account_new_session(account.handle, name, C.uint32_t(device), out)
		})
	})
	return
}

func (upload *Handle) NextBundle() *Handle {
	return made(func(out *C.SubrosaHandle) C.enum_SubrosaCode { return C.subrosa_upload_next_bundle(upload.handle, out) })
}

func (session *Handle) Initiate(account, bundle *Handle, pinned []byte, now uint64) (stage *Handle) {
	with(pinned, func(pinned C.struct_SubrosaBytes) {
		stage = made(func(out *C.SubrosaHandle) C.enum_SubrosaCode {
			return C.subrosa_session_initiate(session.handle, account.handle, bundle.handle, pinned, C.uint64_t(now), out)
		})
	})
	return
}

func (session *Handle) Encrypt(text, pinned []byte, now uint64) (stage *Handle) {
	with(text, func(text C.struct_SubrosaBytes) {
		with(pinned, func(pinned C.struct_SubrosaBytes) {
			stage = made(func(out *C.SubrosaHandle) C.enum_SubrosaCode {
				return C.subrosa_session_encrypt(session.handle, text, pinned, C.uint64_t(now), out)
			})
		})
	})
	return
}

func (account *Handle) Receive(session *Handle, kind uint8, message, pinned []byte) (stage *Handle) {
	with(message, func(message C.struct_SubrosaBytes) {
		with(pinned, func(pinned C.struct_SubrosaBytes) {
			stage = made(func(out *C.SubrosaHandle) C.enum_SubrosaCode {
				return C.subrosa_account_receive(account.handle, session.handle, C.uint8_t(kind), message, pinned, out)
			})
		})
	})
	return
}

func (message *Handle) Kind() uint8 {
	var kind C.uint8_t
	check(C.subrosa_message_kind(message.handle, &kind))
	return uint8(kind)
}

func (message *Handle) MessageBytes() []byte {
	return read(func(to *C.struct_SubrosaBuffer) C.enum_SubrosaCode { return C.subrosa_message_bytes(message.handle, to) })
}

func (bytes *Handle) Bytes() []byte {
	return read(func(to *C.struct_SubrosaBuffer) C.enum_SubrosaCode { return C.subrosa_bytes(bytes.handle, to) })
}
