extension Configuration {
    /// What differs between two configurations, by key.
    public struct Changes: Sendable, Equatable {
        /// What a running server takes over.
        public var applied: [String] = []
        /// What waits for the next start.
        public var afterRestart: [String] = []
    }

    /// What a running server makes of `next`, when it runs with this.
    public func changes(to next: Configuration) -> Changes {
        var changes = Changes()
        for setting in Setting.all where setting.read(settings) != setting.read(next.settings) {
            if setting.isReloadable { changes.applied.append(setting.key) } else { changes.afterRestart.append(setting.key) }
        }
        return changes
    }

    /// This with the values of `next` that a running server takes over.
    public func taking(_ changes: Changes, from next: Configuration) -> Configuration {
        var settings = settings
        for setting in Setting.all where changes.applied.contains(setting.key) { setting.copy(next.settings, &settings) }
        return Configuration(settings: settings, files: next.files, origins: next.origins)
    }
}
