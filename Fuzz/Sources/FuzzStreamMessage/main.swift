import Fuzzing
import Glibc
import SpeechModel
import WireProtocol

exit(
    fuzz { data, count in
        let text = String(decoding: UnsafeBufferPointer(start: data, count: count), as: UTF8.self)
        do throws(SpeechError) {
            // What was understood is said again in our words, and understood the same.
            let said = try ClientStreamMessage(json: text).json
            let again = try? ClientStreamMessage(json: said).json
            precondition(again == said, "A message changed on its way: \(said)")
        } catch {
            precondition(error.code == .malformedMessage, "The fault of the text is called \(error.code).")
        }
        return 0
    })
