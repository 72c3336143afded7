// SPDX-License-Identifier: MIT OR Apache-2.0

import com.sun.jna.*;
import com.sun.jna.ptr.*;

/** A part of subrosa.h as a Java program would map it, by JNA. */
public interface Subrosa extends Library {
    Subrosa S = Native.load("subrosa_c", Subrosa.class);

    @Structure.FieldOrder({"batch", "low", "maxId", "noKemPreKeys", "allowVersion3", "requireOneTime", "messageLen", "ownJump"})
    class Options extends Structure implements Structure.ByValue {
        public int batch, low, maxId;
        public byte noKemPreKeys, allowVersion3, requireOneTime;
        public int messageLen, ownJump;
    }

    @Structure.FieldOrder({"data", "length"})
    class Bytes extends Structure implements Structure.ByValue {
        public Pointer data;
        public NativeLong length = new NativeLong(0);

        static Bytes of(byte[] bytes) {
            Bytes of = new Bytes();
            Memory copy = new Memory(bytes.length + 1);
            copy.write(0, bytes, 0, bytes.length);
            of.data = copy;
            of.length = new NativeLong(bytes.length);
            return of;
        }
    }

    @Structure.FieldOrder({"data", "capacity", "length"})
    class Buffer extends Structure {
        public Pointer data;
        public NativeLong capacity = new NativeLong(0), length = new NativeLong(0);

        Buffer(int capacity) {
            this.data = new Memory(capacity);
            this.capacity = new NativeLong(capacity);
        }

        byte[] bytes() {
            return data.getByteArray(0, length.intValue());
        }
    }

    Options subrosa_account_options();
    int subrosa_store_new(LongByReference store);
    int subrosa_account_generate(String name, int device, Options options, LongByReference stage);
    int subrosa_stage_commit_to(long stage, long store, LongByReference output);
    int subrosa_account_maintain(long account, int oneTime, int oneTimeKem, long now, LongByReference stage);
    int subrosa_upload_next_bundle(long upload, LongByReference bundle);
    int subrosa_account_new_session(long account, String name, int device, LongByReference session);
    int subrosa_session_initiate(long session, long account, long bundle, Bytes pinned, long now, LongByReference stage);
    int subrosa_session_encrypt(long session, Bytes text, Bytes pinned, long now, LongByReference stage);
    int subrosa_account_receive(long account, long session, byte kind, Bytes message, Bytes pinned, LongByReference stage);
    int subrosa_message_kind(long message, ByteByReference kind);
    int subrosa_message_bytes(long message, Buffer out);
    int subrosa_bytes(long bytes, Buffer out);
    int subrosa_free(long handle);
    String subrosa_code_name(int code);

    interface Call {
        int make(LongByReference out);
    }

    /** The handle that a call gives. */
    static long handle(Call call) {
        LongByReference out = new LongByReference();
        check(call.make(out));
        return out.getValue();
    }

    /** Commits a stage to a store in memory, frees the stage, and gives its output. */
    static long commit(long store, Call call) {
        long stage = handle(call), output = handle(out -> S.subrosa_stage_commit_to(stage, store, out));
        check(S.subrosa_free(stage));
        return output;
    }

    static void check(int code) {
        if (code != 0) throw new IllegalStateException(S.subrosa_code_name(code));
    }
}
