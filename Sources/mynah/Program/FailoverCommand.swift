import ArgumentParser
import Foundation
import MynahClient
import SpeechModel

/// `mynah failover`: the other of two servers answers from now on.
struct FailoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failover", abstract: "Let the standby take over from the primary, as planned.",
        discussion: """
            Ask either of the two servers. The primary tells nothing more, waits until the standby has everything, and lets it lead; clients \
            that know both addresses go on there with the same session, and no final is lost or numbered anew. It takes some 100 ms.

            --force is for a standby whose primary is lost for good and that was not known to have everything: what it was not sent is \
            lost. It still waits until nobody else leads.

            EXAMPLES
              mynah failover
              mynah failover --server http://127.0.0.1:8081 --force
            """)

    @Option(help: ArgumentHelp("Either of the two servers.", valueName: "url"))
    var server = "http://127.0.0.1:8080"

    @Option(help: ArgumentHelp("The file that holds the server's bearer token.", valueName: "path"), completion: .file())
    var tokenFile: String?

    @Flag(help: "Also when the standby is not known to have everything.") var force = false

    @Flag(help: "The answer as JSON.") var json = false

    private struct Answer: Decodable {
        var term: Int
        var role: String
        var took_ms: Double
    }

    func run() async throws {
        let base = server.hasSuffix("/") ? String(server.dropLast()) : server
        let url = try ServerURL(base + "/failover" + (force ? "?force=true" : ""))
        let reply = try await HTTPClient.request(.post, url, token: tokenFile.map(bearerToken(in:)))
        let body = reply.data
        guard reply.status == 200, let answer = try? JSONDecoder().decode(Answer.self, from: body) else { throw reply.error }
        if json { return Terminal.output.write(String(decoding: body, as: UTF8.self) + "\n") }
        let now = answer.role == "primary" ? "leads now" : "is the standby now"
        let time = answer.took_ms.formatted(.number.precision(.fractionLength(0)))
        Terminal.output.write("\(base) \(now): term \(answer.term), after \(time) ms.\n")
    }
}
