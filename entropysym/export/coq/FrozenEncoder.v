(* vae1_frozen_encoder, the VAE whose encoder does not learn: an explicit counter-example.
   Networks are functions that are given, here 0; the parameters W and sigma2 learn. Where the decoder's
   variance is the second moment of the data, the ELBO stands still along every curve of the learned
   parameters, and yet it differs from the entropy sum by (1 - w) / 2, w being the second moment of the
   latent: so no direction of theirs gives the identity, unless w = 1. Needs vae1_frozen_encoder.v, as it
   is printed.

   coqc EntropySum.v && coqc vae1_frozen_encoder.v && coqc FrozenEncoder.v *)
From Coq Require Import Reals Lra Lia FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
Require Import EntropySum vae1_frozen_encoder.
Open Scope R_scope.
Set Default Timeout 120.

Section frozen_encoder.
(* All sizes are 1, all networks are constantly 0; the data have the second moment v, the latent has w,
   and the log-variance b of the encoder is fixed. *)
Variables (outcome : Type) (E : law outcome) (x z : outcome -> nat -> R) (v w b : R).
Hypothesis variance_of_data : 0 < v.
Hypothesis data_square : has_mean E (fun o => x o 0%nat ^ 2) v.
Hypothesis latent_square : has_mean E (fun o => z o 0%nat ^ 2) w.
Definition zero : (nat -> R) -> nat -> R := fun _ _ => 0.
Definition value (p : parameters) : R := ELBO 1 1 1 zero zero zero outcome E x z p.
Definition entropies_at (p : parameters) : R := entropy_sum 1 1 1 zero zero zero outcome E x z p.

Lemma value_is p : 0 < sigma2 p -> u p 0%nat = b -> value p =
  1 / 2 + 1 / 2 * ln 2 + 1 / 2 * ln PI + 1 / 2 * b - 1 / 2 * ln (2 * PI * 1) - 1 / 2 * w
  - 1 / 2 * ln (2 * PI * sigma2 p) - 1 / 2 / sigma2 p * v.
Proof.
  intros h fixed. unfold value, ELBO. apply hm_expect.
  apply (hm_ext E (fun o =>
    (1 / 2 + 1 / 2 * ln 2 + 1 / 2 * ln PI + 1 / 2 * b - 1 / 2 * ln (2 * PI * 1) - 1 / 2 * ln (2 * PI * sigma2 p))
    + (- (1 / 2)) * z o 0%nat ^ 2 + (- (1 / 2 / sigma2 p)) * x o 0%nat ^ 2)).
  - intros o. unfold elbo, H_encoder, log_prior, log_decoder, Normal_entropy, Normal_logpdf, zero.
    cbn [Sum]. rewrite ?Rmult_0_r, ?Rplus_0_l, ?Rplus_0_r, ln_exp, fixed. field. apply Rgt_not_eq. assumption.
  - eapply hm_eq; [apply hm_plus; [apply hm_plus; [apply hm_const|]|]; apply hm_scal; eassumption|].
    field. apply Rgt_not_eq. exact h.
Qed.

(* Along every curve of the learned parameters through sigma2 = v the ELBO stands still, *)
Theorem stands_still_along_every_curve (P : R -> parameters) (d : R) :
  (forall t, u (P t) 0%nat = b) -> (forall t, 0 < sigma2 (P t)) -> moves (fun t : R => sigma2 (P t)) v d ->
  is_derive (fun t : R => value (P t)) 0 0.
Proof.
  intros frozen in_range m.
  assert (known : exists a e, moves (fun t : R => value (P t)) a e /\ e = 0).
  { eexists. eexists. split.
    - eapply moves_ext; [intros t; symmetry; apply value_is; auto|]. velocity_of.
    - field. repeat split; try lra; exact PI_neq0. }
  destruct known as (a & e & [_ k] & ->). exact k.
Qed.

(* but it is not the entropy sum there, unless w = 1. *)
Theorem gap_of_frozen_encoder p : sigma2 p = v -> u p 0%nat = b -> value p - entropies_at p = (1 - w) / 2.
Proof.
  intros es eu. rewrite value_is by (try rewrite es; assumption). rewrite es. unfold entropies_at, entropy_sum.
  replace (entropies 1 1 1 zero zero zero outcome x z p) with (fun _ : outcome =>
    1 / 2 * b - (1 / 2 + 1 / 2 * ln 2 + 1 / 2 * ln PI + 1 / 2 * ln v)).
  - rewrite (hm_expect _ _ _ (hm_const E _)). rewrite !ln_mult; try positive; try (pose proof PI_RGT_0; lra). rewrite ln_1. field. lra.
  - extensionality o. unfold entropies, H_encoder, H_prior, H_decoder, Normal_entropy, zero. cbn [Sum].
    rewrite ?Rmult_0_r, ?Rplus_0_l, ?Rplus_0_r, es, eu, ln_1. rewrite ?ln_exp, ?eu. field.
Qed.

(* So no direction of the learned parameters has the derivative that the identity asks for. *)
Theorem no_direction (P : R -> parameters) (d : R) : w <> 1 ->
  (forall t, u (P t) 0%nat = b) -> (forall t, 0 < sigma2 (P t)) -> sigma2 (P 0) = v ->
  moves (fun t : R => sigma2 (P t)) v d ->
  ~ is_derive (fun t : R => value (P t)) 0 (value (P 0) - entropies_at (P 0)).
Proof.
  intros out frozen in_range start m identity.
  apply is_derive_unique in identity.
  rewrite (is_derive_unique _ _ _ (stands_still_along_every_curve P d frozen in_range m)) in identity.
  rewrite (gap_of_frozen_encoder (P 0) start (frozen 0)) in identity. lra.
Qed.
End frozen_encoder.
Print Assumptions no_direction.
