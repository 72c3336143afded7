// SPDX-License-Identifier: MIT OR Apache-2.0
public class Chat implements Subrosa.Call {
    public int make(com.sun.jna.ptr.LongByReference out) { return Subrosa.S.subrosa_store_new(out); }
    public static void main(String[] args) {
        Subrosa s = Subrosa.S; Subrosa.Options usual = s.subrosa_account_options(); Subrosa.Bytes nobody = new Subrosa.Bytes();
        long now = System.currentTimeMillis(), alices = Subrosa.handle(new Chat()), bobs = Subrosa.handle(new Chat());
        long alice = Subrosa.commit(alices, out -> s.subrosa_account_generate("alice", 1, usual, out));
        long bob = Subrosa.commit(bobs, out -> s.subrosa_account_generate("bob", 1, usual, out));
        long upload = Subrosa.commit(bobs, out -> s.subrosa_account_maintain(bob, 0, 0, now, out));
        long bundle = Subrosa.handle(out -> s.subrosa_upload_next_bundle(upload, out));
        long session = Subrosa.handle(out -> s.subrosa_account_new_session(alice, "bob", 1, out)), back = Subrosa.handle(out -> s.subrosa_account_new_session(bob, "alice", 1, out));
        Subrosa.commit(alices, out -> s.subrosa_session_initiate(session, alice, bundle, nobody, now, out));
        long message = Subrosa.commit(alices, out -> s.subrosa_session_encrypt(session, Subrosa.Bytes.of("hello".getBytes()), nobody, now, out));
        Subrosa.Buffer wire = new Subrosa.Buffer(4096), text = new Subrosa.Buffer(64);
        Subrosa.check(s.subrosa_message_bytes(message, wire));
        long read = Subrosa.commit(bobs, out -> s.subrosa_account_receive(bob, back, (byte) 3, Subrosa.Bytes.of(wire.bytes()), nobody, out));
        Subrosa.check(s.subrosa_bytes(read, text));
        System.out.println("Bob reads \"" + new String(text.bytes()) + "\".");
    }
}
