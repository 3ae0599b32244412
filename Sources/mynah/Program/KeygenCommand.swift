import ArgumentParser
import Foundation
import SpeechModel
import ZMQEdge

/// `mynah keygen`: a secret key for ZeroMQ.
struct KeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen", abstract: "Make a secret key for ZeroMQ: for subscribers, or for two servers and their witness.",
        discussion: """
            The key goes into a new file that only you may read. Its public half, which subscribers need, is written to the standard output.

            EXAMPLES
              mynah keygen failover.key                      for failover.key_file, on both servers and the witness
              mynah keygen zmq.key > zmq.pub                 for output.zmq_curve_key_file
            """)

    @Argument(help: "The new file.", completion: .file()) var file: String

    func run() throws {
        let key = try CurveSecretKey.make()
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw SpeechError(
                .unwritableFile, "\(file) cannot be made: \(String(cString: strerror(errno))).",
                advice: "Name a file that does not exist, in a folder that you may write to.")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try handle.write(contentsOf: Data((key.z85.exposed + "\n").utf8))
        try handle.close()
        Terminal.output.write(key.publicKey + "\n")
    }
}
