//! What a program does that uses the crate `kube`: it takes the kubeconfig,
//! lists namespaces, and asks who it is. A line each, the name last.

use std::error::Error;

use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, ResourceExt as _};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::try_default().await?;
    let namespaces = Api::<Namespace>::all(client.clone());
    for namespace in namespaces.list(&ListParams::default()).await? {
        println!("{}", namespace.name_any());
    }
    let reviews = Api::<SelfSubjectReview>::all(client);
    let review = reviews
        .create(&PostParams::default(), &SelfSubjectReview::default())
        .await?;
    let user = review.status.and_then(|status| status.user_info);
    let name = user.and_then(|user| user.username);
    println!("{}", name.ok_or("the API server names no user")?);
    Ok(())
}
