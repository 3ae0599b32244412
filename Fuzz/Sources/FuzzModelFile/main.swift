import Fuzzing
import Glibc
import ModelLibrary
import SpeechModel

exit(
    fuzz { data, count in
        let bytes = UnsafeRawBufferPointer(start: data, count: count)
        if let file = ONNXFile(bytes) {
            // Names are parts of the file, so there cannot be more of them than there is file.
            let names = file.inputs + file.outputs + Array(file.metadata.keys) + Array(file.metadata.values)
            // What is no UTF-8 is written with three bytes for each.
            precondition(names.reduce(0) { $0 + $1.utf8.count } <= 3 * count, "More was read than there is.")
        }
        return 0
    })
