//! The cluster of one member, and its state of health.

use std::path::PathBuf;

use tonic::{Request, Response, Status};
use vt_etcd_api::etcdserverpb::alarm_request::AlarmAction;
use vt_etcd_api::etcdserverpb::cluster_server::Cluster;
use vt_etcd_api::etcdserverpb::maintenance_server::Maintenance;
use vt_etcd_api::etcdserverpb::{
    AlarmMember, AlarmRequest, AlarmResponse, AlarmType, DefragmentRequest, DefragmentResponse,
    Member, MemberListRequest, MemberListResponse, StatusRequest, StatusResponse,
};

use crate::engine::Engine;

/// The version of etcd's API that is spoken; clients read it as the server's.
const API_VERSION: &str = "3.5.0";

pub(crate) struct ClusterService {
    pub(crate) engine: Engine,
    pub(crate) client_url: String,
}

#[tonic::async_trait]
impl Cluster for ClusterService {
    async fn member_list(
        &self,
        _request: Request<MemberListRequest>,
    ) -> Result<Response<MemberListResponse>, Status> {
        let member = Member {
            id: self.engine.ids.member,
            name: "default".to_owned(),
            peer_ur_ls: vec![self.client_url.clone()],
            client_ur_ls: vec![self.client_url.clone()],
            is_learner: false,
        };
        let header = self.engine.header(self.engine.revision());
        Ok(Response::new(MemberListResponse { header, members: vec![member] }))
    }
}

pub(crate) struct MaintenanceService {
    pub(crate) engine: Engine,
    pub(crate) data_path: PathBuf,
}

impl MaintenanceService {
    fn alarms(&self) -> Vec<AlarmMember> {
        let fault = self.engine.shared.fault.read();
        let alarm =
            AlarmMember { member_id: self.engine.ids.member, alarm: AlarmType::Nospace as i32 };
        fault.iter().map(|_| alarm).collect()
    }
}

#[tonic::async_trait]
impl Maintenance for MaintenanceService {
    /// Lists the alarms. They rise and end by themselves, so that none can be set or cleared.
    async fn alarm(
        &self,
        request: Request<AlarmRequest>,
    ) -> Result<Response<AlarmResponse>, Status> {
        if request.into_inner().action() == AlarmAction::Activate {
            return Err(Status::unimplemented("alarms cannot be set by hand"));
        }
        let header = self.engine.header(self.engine.revision());
        Ok(Response::new(AlarmResponse { header, alarms: self.alarms() }))
    }

    async fn status(
        &self,
        _request: Request<StatusRequest>,
    ) -> Result<Response<StatusResponse>, Status> {
        let revision = self.engine.revision();
        let size = match tokio::fs::metadata(&self.data_path).await {
            Ok(found) => i64::try_from(found.len()).unwrap_or(i64::MAX),
            Err(_) => 0,
        };
        let index = u64::try_from(revision).unwrap_or(0);
        Ok(Response::new(StatusResponse {
            header: self.engine.header(revision),
            version: API_VERSION.to_owned(),
            db_size: size,
            db_size_in_use: size,
            leader: self.engine.ids.member,
            raft_index: index,
            raft_applied_index: index,
            raft_term: 1,
            errors: self.engine.shared.fault.read().iter().cloned().collect(),
            is_learner: false,
        }))
    }

    /// Free pages of the file are used again by themselves; there is nothing to do.
    async fn defragment(
        &self,
        _request: Request<DefragmentRequest>,
    ) -> Result<Response<DefragmentResponse>, Status> {
        let header = self.engine.header(self.engine.revision());
        Ok(Response::new(DefragmentResponse { header }))
    }
}
