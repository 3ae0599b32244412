import Failover
import Fuzzing
import Glibc
import SpeechModel

/// What is understood is written in the same bytes again; what is not is called malformed.
func check(_ bytes: [UInt8], _ read: ([UInt8]) throws(SpeechError) -> [UInt8]) {
    do throws(SpeechError) {
        let again = try read(bytes)
        precondition(again == bytes, "A message changed on its way.")
    } catch {
        precondition(error.code == .malformedMessage, "The fault of the frame is called \(error.code).")
    }
}

exit(
    fuzz { data, count in
        let bytes = Array(UnsafeBufferPointer(start: data, count: count))
        check(bytes) { frame throws(SpeechError) in try LinkMessage(frame: frame).frame }
        check(bytes) { frame throws(SpeechError) in try WitnessRequest(frame: frame).frame }
        check(bytes) { frame throws(SpeechError) in try WitnessReply(frame: frame).frame }
        // A record says itself that it is read as it was written.
        _ = LeaseRecord(bytes: bytes)
        return 0
    })
