//! The names of everything that can be wrong with a shard, and what is done about each.

use std::fmt;

/// What is wrong, by the name that vtorc's pages and metrics give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Analysis {
    /// Nobody is primary, and the topology names none.
    ClusterHasNoPrimary,
    /// The topology names a primary whose record is gone.
    PrimaryTabletDeleted,
    /// Neither the primary nor any replica has ever answered.
    InvalidPrimary,
    /// A replica has never answered.
    InvalidReplica,
    /// The primary does not answer, and no replica receives from it.
    DeadPrimary,
    /// As `DeadPrimary`, and some replicas do not answer either.
    DeadPrimaryAndSomeReplicas,
    /// Neither the primary nor any replica answers.
    DeadPrimaryAndReplicas,
    /// The primary does not answer and has no replica.
    DeadPrimaryWithoutReplicas,
    /// The primary's tablet has not answered for long, though its server still feeds replicas.
    IncapacitatedPrimary,
    /// The primary does not answer; its replicas think that they receive.
    UnreachablePrimary,
    /// As `UnreachablePrimary`, and all those replicas are far behind.
    UnreachablePrimaryWithLaggingReplicas,
    /// As `UnreachablePrimary`, and none of those replicas can apply what it receives.
    UnreachablePrimaryWithBrokenReplicas,
    /// The primary's disk takes no writes.
    PrimaryDiskStalled,
    /// Commits wait on the primary though a replica that acknowledges is connected.
    PrimarySemiSyncBlocked,
    /// Commits would wait on the primary: no replica that acknowledges is connected.
    LockedSemiSyncPrimaryHypothesis,
    /// Commits wait on the primary and no replica that acknowledges is connected.
    LockedSemiSyncPrimary,
    /// The primary replicates from another server.
    PrimaryHasPrimary,
    /// The primary refuses writes.
    PrimaryIsReadOnly,
    /// The tablet that the topology names as primary does not hold itself for one.
    PrimaryCurrentTypeMismatch,
    PrimarySemiSyncMustBeSet,
    PrimarySemiSyncMustNotBeSet,
    /// A tablet's record says primary, of a term that another has ended.
    StaleTopoPrimary,
    /// A replica has transactions that its primary lacks.
    ErrantGTIDDetected,
    ReplicaIsWritable,
    NotConnectedToPrimary,
    ConnectedToWrongPrimary,
    ReplicationStopped,
    ReplicaSemiSyncMustBeSet,
    ReplicaSemiSyncMustNotBeSet,
    /// A replica would notice the loss of its source too late, or take silence for it too early.
    ReplicaMisconfigured,
    /// The primary's only replica does not replicate.
    PrimarySingleReplicaNotReplicating,
    /// The primary's only replica does not answer.
    PrimarySingleReplicaDead,
    /// The primary has replicas, and none replicates.
    AllPrimaryReplicasNotReplicating,
    /// The primary has replicas, and none answers or replicates.
    AllPrimaryReplicasNotReplicatingOrDead,
}

/// What is done about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// It is reported.
    Report,
    /// A first primary is elected.
    ElectNewPrimary,
    /// The lost primary is replaced.
    ReplacePrimary,
    /// Replicas connect to the primary anew, which shows whether it lives.
    RestartReplicas,
    /// The primary is told to be one: writable, with semi-sync as the policy says.
    FixPrimary,
    /// The primary stops replicating from another.
    DetachPrimary,
    /// The replica is made read-only and pointed at the primary.
    FixReplica,
    /// The replica is taken out of service, or restored.
    SetErrantAside,
    /// The tablet of an ended term is told who is primary.
    ReconcileStalePrimary,
}

impl Analysis {
    /// Returns the name that pages and metrics show.
    pub fn name(self) -> String {
        format!("{self:?}")
    }

    /// Returns what is done about it.
    pub fn remedy(self) -> Remedy {
        use Analysis as A;
        match self {
            A::ClusterHasNoPrimary => Remedy::ElectNewPrimary,
            A::PrimaryTabletDeleted
            | A::DeadPrimary
            | A::DeadPrimaryAndSomeReplicas
            | A::IncapacitatedPrimary
            | A::PrimaryDiskStalled
            | A::PrimarySemiSyncBlocked => Remedy::ReplacePrimary,
            A::UnreachablePrimary
            | A::UnreachablePrimaryWithLaggingReplicas
            | A::UnreachablePrimaryWithBrokenReplicas => Remedy::RestartReplicas,
            A::PrimaryHasPrimary => Remedy::DetachPrimary,
            A::PrimaryIsReadOnly
            | A::PrimaryCurrentTypeMismatch
            | A::PrimarySemiSyncMustBeSet
            | A::PrimarySemiSyncMustNotBeSet => Remedy::FixPrimary,
            A::StaleTopoPrimary => Remedy::ReconcileStalePrimary,
            A::ErrantGTIDDetected => Remedy::SetErrantAside,
            A::ReplicaIsWritable
            | A::NotConnectedToPrimary
            | A::ConnectedToWrongPrimary
            | A::ReplicationStopped
            | A::ReplicaSemiSyncMustBeSet
            | A::ReplicaSemiSyncMustNotBeSet
            | A::ReplicaMisconfigured => Remedy::FixReplica,
            A::InvalidPrimary
            | A::InvalidReplica
            | A::DeadPrimaryAndReplicas
            | A::DeadPrimaryWithoutReplicas
            | A::LockedSemiSyncPrimaryHypothesis
            | A::LockedSemiSyncPrimary
            | A::PrimarySingleReplicaNotReplicating
            | A::PrimarySingleReplicaDead
            | A::AllPrimaryReplicasNotReplicating
            | A::AllPrimaryReplicasNotReplicatingOrDead => Remedy::Report,
        }
    }

    /// Returns the name of the recovery in metrics and the history.
    pub fn recovery_name(self) -> &'static str {
        match (self, self.remedy()) {
            (Analysis::IncapacitatedPrimary, _) => "RecoverIncapacitatedPrimary",
            (Analysis::PrimaryTabletDeleted, _) => "RecoverPrimaryTabletDeleted",
            (_, Remedy::ReplacePrimary) => "RecoverDeadPrimary",
            (_, Remedy::ElectNewPrimary) => "ElectNewPrimary",
            (_, Remedy::RestartReplicas) => "RestartAllDirectReplicas",
            (_, Remedy::FixPrimary) => "FixPrimary",
            (_, Remedy::DetachPrimary) => "RecoverPrimaryHasPrimary",
            (_, Remedy::FixReplica) => "FixReplica",
            (_, Remedy::SetErrantAside) => "RecoverErrantGTIDDetected",
            (_, Remedy::ReconcileStalePrimary) => "ReconcileStaleTopoPrimary",
            (Analysis::LockedSemiSyncPrimary, _) => "CheckAndRecoverLockedSemiSyncPrimary",
            (_, Remedy::Report) => "CheckAndRecoverGenericProblem",
        }
    }

    /// Returns whether it concerns the shard as a whole, so that nothing else in the shard is
    /// mended before it.
    pub fn is_of_shard(self) -> bool {
        matches!(
            self.remedy(),
            Remedy::ElectNewPrimary | Remedy::ReplacePrimary | Remedy::RestartReplicas
        ) || matches!(
            self,
            Analysis::InvalidPrimary
                | Analysis::DeadPrimaryAndReplicas
                | Analysis::DeadPrimaryWithoutReplicas
        )
    }
}

impl fmt::Display for Analysis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
