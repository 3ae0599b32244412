import Foundation
import MynahConfiguration
import NIOCore
import NIOPosix
import SpeechModel

extension Server {
    /// Finds a port that is taken before models are loaded for nothing.
    func checkPort(_ address: ListenAddress, setting: String) throws {
        guard address.port != 0 else { return }
        do {
            let channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
                .bind(host: address.host, port: address.port).wait()
            try channel.close().wait()
        } catch {
            throw explained(error, address, setting: setting)
        }
    }

    func explained(_ error: any Error, _ address: ListenAddress, setting: String) -> any Error {
        guard let failure = error as? IOError,
            failure.errnoCode == EADDRINUSE || failure.errnoCode == EACCES || failure.errnoCode == EADDRNOTAVAIL
        else { return error }
        return SpeechError(
            .portInUse,
            "\(setting): \(address.host):\(address.port) cannot be listened on: \(String(cString: strerror(failure.errnoCode))).",
            advice: "Stop the other program (`ss -ltnp` names it), or choose another address with "
                + (setting == "server.listen" ? "--listen HOST:PORT." : "--set \(setting)=…."),
            underlying: error)
    }
}
