/**
 * The permissions of Google's predefined roles, for the roles that an image pipeline grants and the permissions that
 * the local cloud asks for. `x.*` stands for every permission that begins with `x.`. A role that is not listed is
 * refused when it is granted, so that a missing line shows as an error and never as a silent refusal later.
 *
 * Compared in November 2026 with the lists that Google publishes (docs.cloud.google.com/iam/docs/roles-permissions) and
 * with what its IAM API answers for each role: Artifact Registry, Cloud Build, service accounts, Cloud Storage, and the
 * roles of the other products that the stack grants. Of the basic roles (owner, editor, viewer) only a part is here,
 * never more than Google gives.
 */
export const PREDEFINED_ROLES: Readonly<Record<string, readonly string[]>> = {
  "roles/owner": ["*"],
  "roles/editor": [
    ...["artifactregistry.repositories.*", "artifactregistry.packages.*", "artifactregistry.tags.*"],
    ...["artifactregistry.versions.*", "artifactregistry.dockerimages.*", "cloudbuild.*", "cloudscheduler.*"],
    ...["logging.*", "monitoring.*", "pubsub.topics.*", "pubsub.subscriptions.*", "iam.serviceAccounts.actAs"],
    ...["iam.serviceAccounts.get", "iam.serviceAccounts.list", "iam.serviceAccounts.create"],
    ...["iam.serviceAccounts.update", "iam.serviceAccounts.delete", "resourcemanager.projects.get"],
    ...["serviceusage.services.*", "serviceusage.quotas.get", "storage.buckets.create", "storage.buckets.list"],
    ...["secretmanager.secrets.get", "secretmanager.secrets.list", "secretmanager.secrets.create"],
  ],
  "roles/viewer": [
    ...["artifactregistry.repositories.get", "artifactregistry.repositories.list"],
    ...["artifactregistry.repositories.downloadArtifacts", "artifactregistry.packages.get"],
    ...["artifactregistry.packages.list", "artifactregistry.tags.get", "artifactregistry.tags.list"],
    ...["artifactregistry.versions.get", "artifactregistry.versions.list", "artifactregistry.dockerimages.get"],
    ...["artifactregistry.dockerimages.list", "cloudbuild.builds.get", "cloudbuild.builds.list"],
    ...["cloudbuild.workerpools.get", "cloudbuild.workerpools.list", "cloudbuild.connections.get"],
    ...["cloudbuild.connections.list", "cloudbuild.repositories.get", "cloudbuild.repositories.list"],
    ...["cloudbuild.operations.get", "cloudscheduler.jobs.get", "cloudscheduler.jobs.list", "iam.roles.get"],
    ...["iam.roles.list", "iam.serviceAccounts.get", "iam.serviceAccounts.list", "logging.logMetrics.get"],
    ...["logging.logMetrics.list", "logging.logEntries.list", "monitoring.alertPolicies.get"],
    ...["monitoring.alertPolicies.list", "monitoring.dashboards.get", "monitoring.dashboards.list"],
    ...["monitoring.notificationChannels.get", "monitoring.notificationChannels.list", "pubsub.topics.get"],
    ...["pubsub.topics.list", "pubsub.subscriptions.get", "pubsub.subscriptions.list"],
    ...["resourcemanager.projects.get", "secretmanager.secrets.get", "secretmanager.secrets.list"],
    ...["secretmanager.versions.get", "secretmanager.versions.list", "serviceusage.services.get"],
    ...["serviceusage.services.list", "serviceusage.quotas.get", "storage.buckets.list"],
  ],
  "roles/browser": ["resourcemanager.projects.get", "resourcemanager.projects.getIamPolicy"],

  "roles/artifactregistry.reader": artifactReader(),
  "roles/artifactregistry.writer": artifactWriter(),
  "roles/artifactregistry.createOnPushWriter": [...artifactWriter(), "artifactregistry.repositories.createOnPush"],
  "roles/artifactregistry.repoAdmin": [
    ...artifactWriter(),
    ...["artifactregistry.repositories.deleteArtifacts", "artifactregistry.packages.delete"],
    ...["artifactregistry.tags.delete", "artifactregistry.versions.delete"],
  ],
  "roles/artifactregistry.admin": ["artifactregistry.*"],

  "roles/cloudbuild.builds.viewer": [
    ...["cloudbuild.builds.get", "cloudbuild.builds.list", "cloudbuild.operations.get"],
    ...["cloudbuild.operations.list", "resourcemanager.projects.get"],
  ],
  "roles/cloudbuild.builds.editor": [
    ...["cloudbuild.builds.get", "cloudbuild.builds.list", "cloudbuild.builds.create", "cloudbuild.builds.update"],
    ...["cloudbuild.operations.get", "cloudbuild.operations.list", "resourcemanager.projects.get"],
  ],
  "roles/cloudbuild.builds.approver": [
    ...["cloudbuild.builds.approve", "cloudbuild.builds.get", "cloudbuild.builds.list"],
    ...["cloudbuild.operations.get", "cloudbuild.operations.list", "resourcemanager.projects.get"],
  ],
  "roles/cloudbuild.builds.builder": [
    ...artifactWriter(),
    ...["artifactregistry.repositories.createOnPush", "artifactregistry.repositories.deleteArtifacts"],
    ...["cloudbuild.builds.create", "cloudbuild.builds.get", "cloudbuild.builds.list", "cloudbuild.builds.update"],
    ...["cloudbuild.operations.get", "cloudbuild.operations.list", "cloudbuild.workerpools.use"],
    ...[
      "logging.logEntries.create",
      "logging.logEntries.list",
      "pubsub.topics.create",
      "pubsub.topics.publish",
      "storage.buckets.create",
    ],
    ...["storage.buckets.get", "storage.buckets.list", "storage.objects.create", "storage.objects.delete"],
    ...["storage.objects.get", "storage.objects.list", "storage.objects.update", "resourcemanager.projects.get"],
  ],
  "roles/cloudbuild.workerPoolUser": ["cloudbuild.workerpools.use"],
  "roles/cloudbuild.workerPoolViewer": [
    ...["cloudbuild.workerpools.get", "cloudbuild.workerpools.list", "resourcemanager.projects.get"],
  ],
  "roles/cloudbuild.workerPoolEditor": [
    ...["cloudbuild.workerpools.get", "cloudbuild.workerpools.list", "cloudbuild.workerpools.update"],
    "resourcemanager.projects.get",
  ],
  // Who owns pools may not run builds in them: that is workerPoolUser's alone.
  "roles/cloudbuild.workerPoolOwner": [
    ...["cloudbuild.workerpools.create", "cloudbuild.workerpools.delete", "cloudbuild.workerpools.get"],
    ...["cloudbuild.workerpools.list", "cloudbuild.workerpools.update", "resourcemanager.projects.get"],
  ],
  "roles/cloudbuild.connectionAdmin": [
    ...["cloudbuild.connections.*", "cloudbuild.operations.get", "cloudbuild.operations.list"],
    ...["cloudbuild.repositories.create", "cloudbuild.repositories.delete", "cloudbuild.repositories.fetchGitRefs"],
    ...["cloudbuild.repositories.get", "cloudbuild.repositories.list", "resourcemanager.projects.get"],
  ],
  "roles/cloudbuild.connectionViewer": [
    ...["cloudbuild.connections.fetchLinkableRepositories", "cloudbuild.connections.get"],
    ...["cloudbuild.connections.getIamPolicy", "cloudbuild.connections.list", "cloudbuild.repositories.get"],
    ...["cloudbuild.repositories.list", "resourcemanager.projects.get"],
  ],
  "roles/cloudbuild.readTokenAccessor": [
    ...["cloudbuild.connections.get", "cloudbuild.repositories.accessReadToken", "cloudbuild.repositories.get"],
  ],

  "roles/cloudscheduler.admin": ["cloudscheduler.*"],
  "roles/cloudscheduler.viewer": ["cloudscheduler.jobs.get", "cloudscheduler.jobs.list"],
  "roles/cloudscheduler.jobRunner": ["cloudscheduler.jobs.run"],
  "roles/cloudscheduler.serviceAgent": [
    ...["iam.serviceAccounts.getAccessToken", "logging.logEntries.create", "pubsub.topics.publish"],
  ],

  "roles/iam.serviceAccountUser": [
    ...["iam.serviceAccounts.actAs", "iam.serviceAccounts.get", "iam.serviceAccounts.list"],
    "resourcemanager.projects.get",
  ],
  "roles/iam.serviceAccountTokenCreator": [
    ...["iam.serviceAccounts.get", "iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.list"],
    "resourcemanager.projects.get",
  ],
  "roles/iam.workloadIdentityUser": [
    ...["iam.serviceAccounts.get", "iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.list"],
  ],
  "roles/iam.serviceAccountViewer": [
    ...["iam.serviceAccounts.get", "iam.serviceAccounts.getIamPolicy", "iam.serviceAccounts.list"],
    "resourcemanager.projects.get",
  ],
  "roles/iam.serviceAccountAdmin": [
    ...["iam.serviceAccounts.create", "iam.serviceAccounts.delete", "iam.serviceAccounts.disable"],
    ...["iam.serviceAccounts.enable", "iam.serviceAccounts.get", "iam.serviceAccounts.getIamPolicy"],
    ...["iam.serviceAccounts.list", "iam.serviceAccounts.setIamPolicy", "iam.serviceAccounts.update"],
    "resourcemanager.projects.get",
  ],
  "roles/iam.roleAdmin": ["iam.roles.*"],
  "roles/resourcemanager.projectIamAdmin": [
    ...["resourcemanager.projects.get", "resourcemanager.projects.getIamPolicy"],
    "resourcemanager.projects.setIamPolicy",
  ],

  "roles/logging.logWriter": ["logging.logEntries.create"],
  "roles/logging.viewer": ["logging.logEntries.list", "logging.logMetrics.get", "logging.logMetrics.list"],
  "roles/logging.configWriter": ["logging.logMetrics.*", "resourcemanager.projects.get"],
  "roles/logging.admin": ["logging.*"],
  "roles/monitoring.metricWriter": ["monitoring.timeSeries.create"],
  "roles/monitoring.viewer": [
    ...["monitoring.alertPolicies.get", "monitoring.alertPolicies.list", "monitoring.dashboards.get"],
    ...["monitoring.dashboards.list", "monitoring.notificationChannels.get", "monitoring.notificationChannels.list"],
  ],
  "roles/monitoring.editor": ["monitoring.*"],
  "roles/monitoring.admin": ["monitoring.*"],

  "roles/pubsub.publisher": ["pubsub.topics.publish"],
  "roles/pubsub.subscriber": ["pubsub.subscriptions.consume", "pubsub.topics.attachSubscription"],
  "roles/pubsub.viewer": [
    ...["pubsub.topics.get", "pubsub.topics.list", "pubsub.subscriptions.get", "pubsub.subscriptions.list"],
  ],
  "roles/pubsub.editor": [
    ...["pubsub.topics.create", "pubsub.topics.delete", "pubsub.topics.get", "pubsub.topics.list"],
    ...["pubsub.topics.publish", "pubsub.topics.update", "pubsub.topics.attachSubscription"],
    ...["pubsub.subscriptions.create", "pubsub.subscriptions.delete", "pubsub.subscriptions.get"],
    ...["pubsub.subscriptions.list", "pubsub.subscriptions.update", "pubsub.subscriptions.consume"],
    ...["resourcemanager.projects.get", "serviceusage.quotas.get", "serviceusage.services.get"],
    "serviceusage.services.list",
  ],
  "roles/pubsub.admin": ["pubsub.*"],

  "roles/secretmanager.secretAccessor": ["secretmanager.versions.access", "resourcemanager.projects.get"],
  "roles/secretmanager.viewer": [
    ...["secretmanager.secrets.get", "secretmanager.secrets.list", "secretmanager.secrets.getIamPolicy"],
    ...["secretmanager.versions.get", "secretmanager.versions.list"],
  ],
  "roles/secretmanager.secretVersionAdder": ["secretmanager.versions.add"],
  "roles/secretmanager.secretVersionManager": [
    ...["secretmanager.versions.add", "secretmanager.versions.destroy", "secretmanager.versions.disable"],
    ...["secretmanager.versions.enable", "secretmanager.versions.get", "secretmanager.versions.list"],
    "resourcemanager.projects.get",
  ],
  "roles/secretmanager.admin": ["secretmanager.*"],

  "roles/serviceusage.serviceUsageViewer": [
    ...["serviceusage.services.get", "serviceusage.services.list", "serviceusage.quotas.get"],
  ],
  "roles/serviceusage.serviceUsageConsumer": [
    ...["serviceusage.services.get", "serviceusage.services.list", "serviceusage.services.use"],
    "serviceusage.quotas.get",
  ],
  "roles/serviceusage.serviceUsageAdmin": ["serviceusage.*"],
  "roles/servicemanagement.quotaViewer": ["serviceusage.quotas.get"],

  "roles/storage.objectViewer": ["storage.objects.get", "storage.objects.list", "resourcemanager.projects.get"],
  "roles/storage.objectCreator": ["storage.objects.create", "resourcemanager.projects.get"],
  "roles/storage.objectUser": [
    ...["storage.objects.create", "storage.objects.delete", "storage.objects.get", "storage.objects.list"],
    ...["storage.objects.update", "resourcemanager.projects.get"],
  ],
  "roles/storage.objectAdmin": ["storage.objects.*", "resourcemanager.projects.get"],
  "roles/storage.bucketViewer": ["storage.buckets.get", "storage.buckets.list"],
  "roles/storage.insightsCollectorService": ["storage.buckets.get", "resourcemanager.projects.get"],
  "roles/storage.legacyBucketReader": ["storage.buckets.get", "storage.objects.list"],
  "roles/storage.legacyBucketWriter": [
    ...["storage.buckets.get", "storage.objects.create", "storage.objects.delete", "storage.objects.list"],
  ],
  "roles/storage.legacyBucketOwner": [
    "storage.anywhereCaches.list",
    ...["storage.buckets.get", "storage.buckets.getIamPolicy", "storage.buckets.setIamPolicy"],
    ...["storage.buckets.update", "storage.objects.create", "storage.objects.delete", "storage.objects.list"],
  ],
  "roles/storage.legacyObjectReader": ["storage.objects.get"],
  "roles/storage.legacyObjectOwner": ["storage.objects.get", "storage.objects.update"],
  "roles/storage.admin": ["storage.*"],
};

function artifactReader(): readonly string[] {
  return [
    ...["artifactregistry.dockerimages.get", "artifactregistry.dockerimages.list", "artifactregistry.packages.get"],
    ...["artifactregistry.packages.list", "artifactregistry.repositories.downloadArtifacts"],
    ...["artifactregistry.repositories.get", "artifactregistry.repositories.list", "artifactregistry.tags.get"],
    ...["artifactregistry.tags.list", "artifactregistry.versions.get", "artifactregistry.versions.list"],
  ];
}

function artifactWriter(): readonly string[] {
  return [
    ...artifactReader(),
    ...["artifactregistry.packages.update", "artifactregistry.repositories.uploadArtifacts"],
    ...["artifactregistry.tags.create", "artifactregistry.tags.update"],
  ];
}

/** Whether a list of permissions (with `x.*`) holds one. */
export function grants(permissions: readonly string[], wanted: string): boolean {
  return permissions.some(
    (permission) =>
      permission === wanted ||
      permission === "*" ||
      (permission.endsWith(".*") && wanted.startsWith(permission.slice(0, -1))),
  );
}
