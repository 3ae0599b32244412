import Glibc
import NIOCore
import NIOPosix
import SpeechModel

extension ServerURL {
    /// Opens a connection, with the handlers that `initialise` adds.
    ///
    /// - Throws: ``SpeechError`` with `connection-failed` and what to do about it.
    func connect(
        on loop: any EventLoop, timeout: TimeAmount, initialise: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) async throws(SpeechError) -> any Channel {
        do {
            return try await ClientBootstrap(group: loop)
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .connectTimeout(timeout)
                .channelInitializer(initialise)
                .connect(host: host, port: port).get()
        } catch {
            throw SpeechError(.connectionFailed, describe(error), advice: advice(for: error), underlying: error)
        }
    }

    private func describe(_ error: any Error) -> String {
        guard let error = error as? NIOConnectionError else { return "The connection to \(authority) failed." }
        if error.connectionErrors.isEmpty { return "The name “\(host)” cannot be resolved." }
        let causes = error.connectionErrors.map(\.error)
        if causes.contains(where: { ($0 as? IOError)?.errnoCode == ECONNREFUSED }) { return "Nothing listens at \(authority)." }
        if causes.contains(where: { if case ChannelError.connectTimeout = $0 { true } else { false } }) {
            return "\(authority) does not answer."
        }
        return "\(authority) cannot be reached."
    }

    private func advice(for error: any Error) -> String {
        if let error = error as? NIOConnectionError, error.connectionErrors.isEmpty { return "Check the host name." }
        return "Start the server with `mynah serve`, or check host and port."
    }
}
